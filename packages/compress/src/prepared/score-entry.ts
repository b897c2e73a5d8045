/** @file A score result as bytes and the key under which it is kept. */
import { contentHash, type ScoreRequest, type ScoreResult } from '@lc/model'

/** Changes with the form of the bytes and with what a key is made of. */
const version = 1
const accuracies = [undefined, 'exact', 'fast'] as const

/** What scores depend on besides the request. */
export interface ScoreOrigin {
  /** Identifies the weights. */
  weights: string
  accuracy: string | undefined
}

/** The key of a request; undefined for one whose context lives in the model. */
export function scoreKey({ context, continuation, join }: ScoreRequest, origin: ScoreOrigin): string | undefined {
  if (typeof context !== 'string' && 'extend' in context) return undefined
  const texts = typeof context === 'string' && typeof continuation === 'string'
  const form = texts ? (join ?? 'text') : 'ids'
  const head = contentHash({ json: [version, origin.weights, origin.accuracy ?? '', form] })
  return contentHash(`${head}${partHash(context)}${partHash(continuation as string | ArrayLike<number>)}`)
}

function partHash(part: string | ArrayLike<number>): string {
  // a text and ids that look like it must differ
  if (typeof part === 'string') return contentHash({ json: part })
  return contentHash(new Uint8Array(Uint32Array.from(part).buffer))
}

/** Layout, little-endian 32-bit words: tokens T, accuracy, ids `[T]`, starts and ends `[T, 2]`, log-probabilities `[T]` as float32. */
export function encodeScore({ ids, spans, logprobs, accuracy }: ScoreResult): Uint8Array {
  const tokens = ids.length
  const bytes = new Uint8Array(8 + tokens * 16)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, tokens, true)
  view.setUint32(4, accuracies.indexOf(accuracy), true)
  for (let token = 0; token < tokens; token++) {
    view.setUint32(8 + token * 4, ids[token]!, true)
    view.setUint32(8 + (tokens + token * 2) * 4, spans[token]!.start, true)
    view.setUint32(8 + (tokens + token * 2 + 1) * 4, spans[token]!.end, true)
    view.setFloat32(8 + (3 * tokens + token) * 4, logprobs[token]!, true)
  }
  return bytes
}

/** The result that was encoded; undefined for bytes that are none. */
export function decodeScore(bytes: Uint8Array): ScoreResult | undefined {
  if (bytes.length < 8) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const tokens = view.getUint32(0, true)
  if (bytes.length !== 8 + tokens * 16) return undefined
  const word = (index: number): number => view.getUint32(8 + index * 4, true)
  const spans = Array.from({ length: tokens }, (_, token) => ({
    start: word(tokens + token * 2),
    end: word(tokens + token * 2 + 1),
  }))
  const accuracy = accuracies[view.getUint32(4, true)]
  return {
    ids: Uint32Array.from({ length: tokens }, (_, token) => word(token)),
    spans,
    logprobs: Float32Array.from({ length: tokens }, (_, token) => view.getFloat32(8 + (3 * tokens + token) * 4, true)),
    ...(accuracy === undefined ? {} : { accuracy }),
  }
}
