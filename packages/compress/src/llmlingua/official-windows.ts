/** @file Which rate holds for which tokens: windows of a fixed number of tokens, each with runs of one rate. */
import type { Tokenizer } from '@lc/model'
import type { RateRun } from './official-structure.ts'

/** So many tokens at one rate. */
export interface TokenRun {
  tokens: number
  rate: number
}

export interface PlainWindowsInput {
  /** Tokens of each context, two for the blank line included. */
  lengths: readonly number[]
  target: number
  /** Added to the rate of each context. */
  offsets: readonly number[]
  size: number
}

/** Windows over contexts whose rates differ by an offset. The first is one token short, as it is there. */
export function plainWindows({ lengths, target, offsets, size }: PlainWindowsInput): TokenRun[][] {
  const share = target / (lengths.reduce((sum, length) => sum + length, 0) + 1)
  const windows: TokenRun[][] = []
  let open: TokenRun[] = []
  let filled = 1
  lengths.forEach((length, context) => {
    const rate = Math.max(Math.min(1, share + (offsets[context] ?? 0)), 0)
    if (filled + length < size) {
      filled += length
      open.push({ tokens: length, rate })
      return
    }
    open.push({ tokens: size - filled, rate })
    windows.push(open)
    filled += length - size
    if (filled > size) {
      const whole = Math.floor(filled / size)
      for (let index = 0; index < whole; index++) windows.push([{ tokens: size, rate }])
      filled -= whole * size
    }
    open = filled > 0 ? [{ tokens: filled, rate }] : []
  })
  if (open.length > 0) windows.push(open)
  return windows
}

export interface StructuredWindowsInput {
  ids: readonly number[]
  /** In order, covering the text of the tokens; a blank line belongs to the run before it. */
  runs: readonly RateRun[]
  size: number
  tokenizer: Tokenizer
}

/** Windows over tokens of which each takes the rate of the runs that it touches: uncompressed before lowest. */
export function structuredWindows(input: StructuredWindowsInput): TokenRun[][] {
  const rates = tokenRates(input)
  const windows: TokenRun[][] = []
  for (let from = 0; from < rates.length; from += input.size) {
    const window: TokenRun[] = []
    for (const rate of rates.slice(from, from + input.size)) {
      const last = window.at(-1)
      if (last && last.rate === rate) last.tokens++
      else window.push({ tokens: 1, rate })
    }
    windows.push(window)
  }
  return windows
}

function tokenRates({ ids, runs, tokenizer }: StructuredWindowsInput): number[] {
  let run = 0
  let seen = 0
  return ids.map((_, index) => {
    let length = newCharacters(tokenizer, ids, index)
    const touched: RateRun[] = []
    while (length > 0 && run < runs.length && length >= runs[run]!.length - seen) {
      touched.push(runs[run]!)
      length -= runs[run]!.length - seen
      run++
      seen = 0
    }
    if ((length > 0 || touched.length === 0) && run < runs.length) touched.push(runs[run]!)
    seen += length
    if (touched.some(({ compress }) => !compress)) return 1
    return Math.min(...touched.map(({ rate }) => rate))
  })
}

/** Characters that a token adds to the text of the two before it. */
function newCharacters(tokenizer: Tokenizer, ids: readonly number[], index: number): number {
  const from = index < 3 ? 0 : index - 2
  const decode = (to: number): number => tokenizer.decode(ids.slice(from, to), { special: 'keep' }).length
  return decode(index + 1) - decode(index)
}
