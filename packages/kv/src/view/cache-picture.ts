/** @file What a page shows of a session: which tokens each head kept, and scores and attention by rank. */
import type { CacheReport, CacheSession } from '@lc/core'
import type { Tokenizer } from '@lc/model'
import { ranksOf } from './ranks.ts'
import { type CacheRecording, type MemoryMoment, tokenChannel } from './record-cache.ts'
import type { TokenNumbers } from './token-numbers.ts'
import { tokenTexts } from './token-texts.ts'

/** The rows of all heads, `[L * G]` of `[T]` each. */
export interface CachePicture {
  readonly report: CacheReport
  /** The text of each token. */
  readonly texts: readonly string[]
  readonly layers: number
  readonly kvHeads: number
  /** 1 where a head still has a token. */
  readonly kept: readonly Uint8Array[]
  /** Ranks from 0 to 255 within each head; undefined where nothing was scored. */
  readonly scores: readonly Uint8Array[] | undefined
  readonly attention: readonly Uint8Array[] | undefined
  readonly memory: readonly MemoryMoment[]
  /** Bytes that a token takes where nothing is removed. */
  readonly tokenBytes: number
}

/** The picture of a session whose policy was recorded. */
export function cachePicture(session: CacheSession, recording: CacheRecording, tokenizer: Tokenizer): CachePicture {
  const { cache, tokens } = session
  recording.numberSlots(cache)
  const { layers, kvHeads } = cache.shape
  const report = session.report()
  const slots = report.heads.flat().reduce((sum, head) => sum + head.slots, 0)
  const ranked = (numbers: TokenNumbers) =>
    numbers.empty
      ? undefined
      : eachHead(layers, kvHeads, (layer, head) => ranksOf(numbers.of(layer, head), tokens.length))
  return {
    report,
    texts: tokenTexts(tokens, tokenizer),
    layers,
    kvHeads,
    kept: eachHead(layers, kvHeads, (layer, head) => {
      const row = new Uint8Array(tokens.length)
      const numbers = cache.channel(tokenChannel, layer, head)
      for (let slot = 0; slot < cache.lengthOf(layer, head); slot++) row[numbers[slot]! - 1] = 1
      return row
    }),
    scores: ranked(recording.scores),
    attention: ranked(recording.attention),
    memory: [
      ...recording.memory,
      { tokens: tokens.length, slots: report.slots.mean, allocatedBytes: report.bytes.allocated },
    ],
    tokenBytes: slots === 0 ? 0 : (report.bytes.used / slots) * layers * kvHeads,
  }
}

function eachHead<T>(layers: number, kvHeads: number, make: (layer: number, head: number) => T): T[] {
  return Array.from({ length: layers * kvHeads }, (_, index) => make(Math.floor(index / kvHeads), index % kvHeads))
}
