/**
 * @file A real attender, linear in the length of its input, for tests with long texts: softmax attention over scores that are
 * high for tokens like the asking one (layer 0) or after a token like it (layer 1); earlier tokens only.
 */
import type { AttendRequest, AttendResult } from '@lc/model'
import { ContextLengthError } from '@lc/model/errors'
import type { DraftModel } from '../specpc/options.ts'
import { hashedWordTokenizer } from './adaptive-scorer.ts'

const layerCount = 2
const sharpness = Math.exp(6)

/** @param contextLength tokens that it takes at most */
export function countingAttender(contextLength = 4096): DraftModel {
  const tokenizer = hashedWordTokenizer
  return {
    id: 'counting-attention',
    tokenizer,
    contextLength,
    async attend(request, options): Promise<AttendResult> {
      options?.signal?.throwIfAborted()
      const ids =
        typeof request.input === 'string' ? tokenizer.encode(request.input).ids : (request.input as Uint32Array)
      if (ids.length > contextLength)
        throw new ContextLengthError({ tokens: ids.length, limit: contextLength, model: 'counting-attention' })
      const layers =
        request.layers ?? Array.from({ length: (request.untilLayer ?? layerCount - 1) + 1 }, (_, layer) => layer)
      return attention(ids, layers, request)
    },
  }
}

function attention(ids: Uint32Array, layers: readonly number[], { queries }: AttendRequest): AttendResult {
  const rows = queries.to - queries.from
  const data = new Float32Array(layers.length * rows * ids.length)
  layers.forEach((layer, index) => {
    for (let row = 0; row < rows; row++) {
      const query = queries.from + row
      const target = data.subarray((index * rows + row) * ids.length, (index * rows + row + 1) * ids.length)
      let total = 0
      for (let key = 0; key <= query; key++) {
        target[key] = key >= layer && ids[key - layer] === ids[query] ? sharpness : 1
        total += target[key]!
      }
      for (let key = 0; key <= query; key++) target[key]! /= total
    }
  })
  return { shape: [layers.length, rows, ids.length], data }
}
