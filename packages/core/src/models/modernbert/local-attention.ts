/**
 * @file Attention to near tokens in blocks: each block of queries reads its own keys and those of the blocks beside it, so that time and
 * memory grow with the length of the text and not with its square.
 */
import { multiplyDimensions } from '../../graph/dimension.ts'
import { add } from '../../graph/ops/elementwise.ts'
import { gather } from '../../graph/ops/gather.ts'
import { fusedMatMul, matMul } from '../../graph/ops/matmul.ts'
import { reshape, transpose, unsqueeze } from '../../graph/ops/movement.ts'
import { softmax } from '../../graph/ops/reduction.ts'
import type { Value } from '../../graph/value.ts'
import type { HostTensor } from '../../runtime/tensor.ts'
import type { AttentionRows, HeadSizes } from '../encoder/encoder-layers.ts'

/** What blocks read. N blocks of b queries; every text of a batch has T tokens. */
export interface LocalBlocks {
  /** Places of the queries of each block, int32 [N, b]. */
  readonly queries: Value
  /** Places of the keys that a block reads, int32 [N, 3b]. */
  readonly keys: Value
  /** float32 [N, b, 3b]: 0 where a query sees a key, a large negative number elsewhere. */
  readonly bias: Value
}

/** Queries of a block; at least the reach, so that the blocks beside it hold all keys in reach. */
export function localBlockSize(reach: number): number {
  return Math.max(reach, 32)
}

/** Local attention of rows [B, T, H*D]; `positions` [T] counts the tokens. Gives [B, T, H*D]. */
export function localAttention(rows: AttentionRows, sizes: HeadSizes, blocks: LocalBlocks, positions: Value): Value {
  const query = blockHeads(rows.query, blocks.queries, sizes)
  const key = blockHeads(rows.key, blocks.keys, sizes)
  const value = blockHeads(rows.value, blocks.keys, sizes)
  const scores = fusedMatMul(query, key, { transposeB: true, alpha: sizes.headDim ** -0.5 })
  const mixed = matMul(softmax(add(scores, unsqueeze(blocks.bias, [1]))), value)
  const [texts, count, , size] = mixed.shape
  const joined = reshape(transpose(mixed, [0, 1, 3, 2, 4]), [
    texts!,
    multiplyDimensions(count!, size!),
    sizes.headCount * sizes.headDim,
  ])
  // the last block may be longer than the text
  return gather(joined, positions, { axis: 1 })
}

/** Rows [B, T, H*D] at places [N, c] as [B, N, H, c, D]. */
function blockHeads(x: Value, places: Value, { headCount, headDim }: HeadSizes): Value {
  const gathered = gather(x, places, { axis: 1 })
  const [texts, blocks, size] = gathered.shape
  return transpose(reshape(gathered, [texts!, blocks!, size!, headCount, headDim]), [0, 1, 3, 2, 4])
}

/** The tensors of `LocalBlocks` for texts of some length, by the names of its fields. */
export function localBlockTensors(tokens: number, reach: number): { readonly [K in keyof LocalBlocks]: HostTensor } {
  const size = localBlockSize(reach)
  const blocks = Math.ceil(tokens / size)
  const queries = new Int32Array(blocks * size)
  const keys = new Int32Array(blocks * 3 * size)
  const bias = new Float32Array(blocks * size * 3 * size).fill(-1e9)
  for (let place = 0; place < queries.length; place += 1) queries[place] = Math.min(place, tokens - 1)
  for (let block = 0; block < blocks; block += 1) {
    const first = (block - 1) * size
    for (let at = 0; at < 3 * size; at += 1) keys[block * 3 * size + at] = Math.min(Math.max(first + at, 0), tokens - 1)
    for (let row = 0; row < size; row += 1) {
      const query = block * size + row
      const from = Math.max(query - reach, 0) - first
      const to = Math.min(query + reach, tokens - 1) - first
      const start = (block * size + row) * 3 * size
      if (from <= to) bias.fill(0, start + from, start + to + 1)
    }
  }
  return {
    queries: { dtype: 'int32', shape: [blocks, size], data: queries },
    keys: { dtype: 'int32', shape: [blocks, 3 * size], data: keys },
    bias: { dtype: 'float32', shape: [blocks, size, 3 * size], data: bias },
  }
}
