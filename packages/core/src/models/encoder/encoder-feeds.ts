import { checkArgument } from '@lc/model/check'
import type { HostTensor } from '../../runtime/tensor.ts'
import { localBlockTensors } from '../modernbert/local-attention.ts'
import { RopeTable } from '../rope/rope-table.ts'
import type { EncoderConfig } from './encoder-config.ts'

/** One input text: ids with the special tokens, and token types where there are any. */
export interface EncoderRow {
  readonly ids: ArrayLike<number>
  readonly types?: ArrayLike<number>
}

/**
 * The tensors that `buildEncoderGraph`'s inputs take for a batch, padded on the right to the longest row; for a graph without padding all
 * rows have one length.
 */
export function encoderFeeds(
  config: EncoderConfig,
  rows: readonly EncoderRow[],
  padding: 'masked' | 'none' = 'masked',
): Record<string, HostTensor> {
  const tokens = Math.max(1, ...rows.map((row) => row.ids.length))
  const shape = [rows.length, tokens]
  const ids = new Int32Array(rows.length * tokens).fill(config.paddingId)
  const mask = new Float32Array(rows.length * tokens)
  for (const [index, row] of rows.entries()) {
    ids.set(row.ids, index * tokens)
    mask.fill(1, index * tokens, index * tokens + row.ids.length)
  }
  const even = rows.every((row) => row.ids.length === tokens)
  checkArgument(padding === 'masked' || even, 'rows', rows.length, 'texts of one length, as the graph has no mask')
  const common: Record<string, HostTensor> = { ids: { dtype: 'int32', shape, data: ids } }
  if (padding === 'masked') common.mask = { dtype: 'float32', shape, data: mask }
  return {
    ...common,
    ...(config.kind === 'bert' ? bertFeeds(config, rows, tokens) : modernBertFeeds(config, tokens, padding)),
  }
}

function bertFeeds(
  config: Extract<EncoderConfig, { kind: 'bert' }>,
  rows: readonly EncoderRow[],
  tokens: number,
): Record<string, HostTensor> {
  const shape = [rows.length, tokens]
  // the row before the first position is the one of padding, where the family has one
  const positions = new Int32Array(rows.length * tokens).fill(Math.max(0, config.positionOffset - 1))
  const types = new Int32Array(rows.length * tokens)
  for (const [index, row] of rows.entries()) {
    for (let at = 0; at < row.ids.length; at += 1) positions[index * tokens + at] = config.positionOffset + at
    if (row.types) types.set(row.types, index * tokens)
  }
  const feeds: Record<string, HostTensor> = { positions: { dtype: 'int32', shape, data: positions } }
  if (config.typeCount > 1) feeds.types = { dtype: 'int32', shape, data: types }
  return feeds
}

function modernBertFeeds(
  config: Extract<EncoderConfig, { kind: 'modernbert' }>,
  tokens: number,
  padding: 'masked' | 'none',
): Record<string, HostTensor> {
  const feeds: Record<string, HostTensor> = {
    positions: { dtype: 'int32', shape: [tokens], data: Int32Array.from({ length: tokens }, (_, index) => index) },
  }
  for (const rope of new Set(config.layers.map((layer) => layer.rope))) {
    const { cos, sin } = new RopeTable(config.ropes[rope], tokens).range(0, tokens)
    const shape = [tokens, config.headDim / 2]
    feeds[`cos.${rope}`] = { dtype: 'float32', shape, data: cos }
    feeds[`sin.${rope}`] = { dtype: 'float32', shape, data: sin }
  }
  const reaches = padding === 'none' ? config.layers.flatMap((layer) => layer.reach ?? []) : []
  for (const reach of new Set(reaches))
    for (const [part, tensor] of Object.entries(localBlockTensors(tokens, reach)))
      feeds[`local.${reach}.${part}`] = tensor
  return feeds
}
