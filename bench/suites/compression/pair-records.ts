/** @file Pairs of ids: whether the one asked for is there, and whether what is there of any id is the whole id. */
import { makePassage } from '@lc/model'
import type { Compressed, CompressionRecord } from './record.ts'
import { shuffled } from './shuffled.ts'

export interface Pairs {
  ordered_kv_records: [string, string][]
  key: string
  value: string
}

/** Of the 75 pairs of a record, in a row, the one asked for among them. */
const pairsOfRecord = 30

/** Records in an order of their own. */
export function pairRecords(records: readonly Pairs[], count: number): CompressionRecord[] {
  return shuffled(records, 3)
    .slice(0, count)
    .map(({ ordered_kv_records: all, key, value }) => {
      const asked = all.findIndex(([own]) => own === key)
      const first = Math.min(all.length - pairsOfRecord, asked - (asked % pairsOfRecord))
      const pairs = all.slice(first, first + pairsOfRecord)
      const source = pairs.map((pair) => `${pair[0]} has the value ${pair[1]}.`).join('\n')
      return {
        passages: [makePassage(source, { uri: 'pairs.txt' })],
        query: `What is the value of ${key}?`,
        measure: (compressed) => ({
          'ids whole': wholeIds(source, new Set(pairs.flat()), compressed),
          'value survives': Number(compressed.text.includes(value)),
        }),
      }
    })
}

const idPattern = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** The share of ids that are whole among those of which anything was kept; 1 where nothing was. */
export function wholeIds(source: string, ids: ReadonlySet<string>, { text, spans }: Compressed): number {
  if (spans === undefined) return share(text.match(/[0-9a-f-]{4,}/g) ?? [], (found) => ids.has(found))
  const kept = new Uint8Array(source.length)
  for (const span of spans) kept.fill(1, span.source.start, span.source.end)
  const lengths = [...source.matchAll(idPattern)].map(({ index, 0: id }) => ({
    kept: kept.subarray(index, index + id.length).reduce((sum, each) => sum + each, 0),
    all: id.length,
  }))
  return share(
    lengths.filter((length) => length.kept > 0),
    (length) => length.kept === length.all,
  )
}

function share<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return items.length === 0 ? 1 : items.filter(holds).length / items.length
}
