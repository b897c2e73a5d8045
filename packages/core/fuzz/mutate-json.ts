import type { JsonValue } from '@lc/model'
import type { Random } from './random.ts'

const values: readonly JsonValue[] = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  1e308,
  -(2 ** 31),
  2 ** 31,
  2 ** 53,
  4_000_000,
  '',
  ' ',
  '▁',
  '\u0000',
  '\ud800',
  'Ġ',
  '../../etc/passwd',
  '/etc/passwd',
  'BPE',
  'Sequence',
  'Regex',
  '(a+)+$',
  '[\\s\\S',
  '\\p{Nope}',
  '(?<!x{1,1000})',
  '__proto__',
  'constructor',
  [],
  {},
  [[]],
  [null],
  { type: 'ByteLevel' },
  { type: 'Split', pattern: { Regex: '(\\p{L}|\\s)*+' }, behavior: 'Removed' },
  { type: 'Sequence', normalizers: [{ type: 'NFKC' }], pretokenizers: [{ type: 'Digits' }], decoders: [] },
]

/** A copy of the document with one or a few places changed. */
export function mutateJson(document: JsonValue, random: Random): JsonValue {
  let current = document
  for (let count = 1 + random.below(3); count > 0; count--) current = mutateOnce(current, random, 0)
  return current
}

function mutateOnce(value: JsonValue, random: Random, depth: number): JsonValue {
  const keys = childKeys(value)
  // go down more often than not, so that deep places are reached too
  if (keys.length > 0 && depth < 40 && random.below(8) > 0) {
    const key = random.pick(keys)
    return withChild(value, key, mutateOnce(childOf(value, key), random, depth + 1))
  }
  if (keys.length > 0 && random.below(2) === 0) return withoutOrTwice(value, random.pick(keys), random)
  if (typeof value === 'number' && random.below(2) === 0) return value + random.pick([-1, 1, 0.5, 1000, -1000])
  if (typeof value === 'string' && random.below(2) === 0) return mutateText(value, random)
  return random.pick(values)
}

function childKeys(value: JsonValue): (string | number)[] {
  if (Array.isArray(value))
    return value.length <= 32 ? [...value.keys()] : [0, 1, 2, value.length >> 1, value.length - 1]
  if (typeof value === 'object' && value !== null) return Object.keys(value).slice(0, 64)
  return []
}

function childOf(value: JsonValue, key: string | number): JsonValue {
  return (value as Record<string, JsonValue>)[key]!
}

function withChild(value: JsonValue, key: string | number, child: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.with(key as number, child)
  return { ...(value as Record<string, JsonValue>), [key]: child }
}

function withoutOrTwice(value: JsonValue, key: string | number, random: Random): JsonValue {
  if (Array.isArray(value)) {
    const at = key as number
    return random.below(2) === 0 ? value.toSpliced(at, 1) : value.toSpliced(at, 0, value[at]!)
  }
  const { [key as string]: taken, ...rest } = value as Record<string, JsonValue>
  return random.below(2) === 0 ? rest : { ...rest, [`${key}x`]: taken! }
}

/** Pieces of texts, moved, doubled, cut. */
export function mutateText(text: string, random: Random): string {
  const from = random.below(text.length + 1)
  const piece = text.slice(from, from + 1 + random.below(40))
  const at = random.below(text.length + 1)
  switch (random.below(5)) {
    case 0:
      return text.slice(0, from) + text.slice(from + piece.length)
    case 1:
      return text.slice(0, at) + piece + text.slice(at)
    case 2:
      return text.slice(0, at) + String.fromCharCode(random.below(0x10000)) + text.slice(at + 1)
    case 3:
      return text.slice(0, at)
    default:
      return text.slice(0, at) + piece.repeat(1 + random.below(200)) + text.slice(at)
  }
}
