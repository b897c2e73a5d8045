/** @file The tensors that an encoder graph takes, and the parts of attention that follow from them. */
import type { DType } from '../../graph/dtype.ts'
import type { Graph } from '../../graph/graph.ts'
import { abs, add, cast, greater, multiply, subtract } from '../../graph/ops/elementwise.ts'
import { unsqueeze } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import { type LocalBlocks, localBlockSize } from '../modernbert/local-attention.ts'
import type { ModernBertRope } from './encoder-config.ts'

/** What the layers of an encoder read. B texts of T tokens, padded on the right. */
export interface EncoderInputs {
  /** Token ids [B, T], int32 or int64. */
  readonly ids: Value
  /** float32 [B, T]: 1 for tokens, 0 for padding; undefined where no text is padded. */
  readonly mask?: Value
  /** Token types [B, T]; undefined: all 0. */
  readonly types?: Value
  /** Rows of the position table [B, T] (BERT), or plain places [T] (ModernBERT). */
  readonly positions: Value
  /** cos and sin rows [T, D/2] of the rotary positions of some layers. */
  rotary(rope: ModernBertRope): { readonly cos: Value; readonly sin: Value }
  /** Blocks for attention within a reach; undefined where a bias [T, T] does it. */
  localBlocks?(reach: number): LocalBlocks
}

/** Declares the inputs that the host feeds: see `encoderFeeds`. */
export function declareEncoderInputs(
  graph: Graph,
  sizes: {
    readonly headDim: number
    readonly positionsPerText: boolean
    readonly types: boolean
    readonly mask: boolean
  },
): EncoderInputs {
  const idType: DType = 'int32'
  const ids = graph.input('ids', idType, ['B', 'T'])
  const mask = sizes.mask ? graph.input('mask', 'float32', ['B', 'T']) : undefined
  const types = sizes.types ? graph.input('types', idType, ['B', 'T']) : undefined
  const positions = graph.input('positions', idType, sizes.positionsPerText ? ['B', 'T'] : ['T'])
  const tables = new Map<ModernBertRope, { cos: Value; sin: Value }>()
  const blocks = new Map<number, LocalBlocks>()
  return {
    ids,
    ...(mask && { mask }),
    ...(types && { types }),
    positions,
    rotary(rope) {
      const known = tables.get(rope)
      if (known) return known
      const shape = ['T', sizes.headDim / 2]
      const made = {
        cos: graph.input(`cos.${rope}`, 'float32', shape),
        sin: graph.input(`sin.${rope}`, 'float32', shape),
      }
      tables.set(rope, made)
      return made
    },
    ...(!sizes.mask && { localBlocks: (reach) => declareLocalBlocks(graph, blocks, reach) }),
  }
}

function declareLocalBlocks(graph: Graph, known: Map<number, LocalBlocks>, reach: number): LocalBlocks {
  const size = localBlockSize(reach)
  const made = known.get(reach) ?? {
    queries: graph.input(`local.${reach}.queries`, 'int32', ['N', size]),
    keys: graph.input(`local.${reach}.keys`, 'int32', ['N', 3 * size]),
    bias: graph.input(`local.${reach}.bias`, 'float32', ['N', size, 3 * size]),
  }
  known.set(reach, made)
  return made
}

// far below any score, and far from the limits of float32 when scores are added to it
const hidden = -1e9

/** Added to attention scores: 0 where a key is a token, a large negative number where it is padding. [B, 1, 1, T] */
export function paddingBias(mask: Value | undefined): Value | undefined {
  return mask && unsqueeze(multiply(subtract(1, mask), hidden), [1, 2])
}

/** Added to attention scores: a large negative number for keys farther than `reach` tokens from the query. [1, 1, T, T] */
export function windowBias(positions: Value, reach: number): Value {
  const places = cast(positions, 'float32')
  const distance = abs(subtract(unsqueeze(places, [1]), unsqueeze(places, [0])))
  return unsqueeze(multiply(cast(greater(distance, reach), 'float32'), hidden), [0, 1])
}

/** Both restrictions together; undefined for neither. */
export function joinBiases(padding: Value | undefined, window: Value | undefined): Value | undefined {
  return padding && window ? add(padding, window) : (padding ?? window)
}
