/**
 * @file The choice of tokens of the released program, window by window. Its ways are kept: a token survives when the one after
 * it is surprising; the threshold is a quantile of all losses, what was kept and what comes later included; the last tokens
 * that do not fill a window stay.
 */
import { LossStream } from './official-loss-stream.ts'
import type { ResolvedOfficialOptions } from './official-options.ts'
import { cutAt } from './official-slice.ts'
import type { TokenRun } from './official-windows.ts'

export interface OfficialTokensInput {
  ids: readonly number[]
  /** Tokens before the text, which are kept and not given back. */
  start: number
  windows: readonly (readonly TokenRun[])[]
}

interface State {
  asked: LossStream
  plain: LossStream | undefined
  /** 1 for tokens that are kept as doubled breaks. */
  flags: number[] | undefined
  end: number
}

/** Ids of the tokens of the text that are kept. */
export async function chooseTokens(input: OfficialTokensInput, options: ResolvedOfficialOptions): Promise<number[]> {
  const { ids, start, windows } = input
  const { segmentTokens: size } = options
  const state: State = {
    asked: new LossStream(ids, options),
    plain: options.contrast ? new LossStream(ids.slice(start), options) : undefined,
    flags: options.keepSplit ? doubledFlags(ids, options.splitToken) : undefined,
    end: Math.min(size + start, ids.length),
  }
  try {
    for (let index = 0; state.end <= state.asked.ids.length && index < windows.length; index++) {
      options.signal?.throwIfAborted()
      if ((await state.asked.read(index, state.end)) === 0) break
      await state.plain?.read(index, state.end - start)
      await state.asked.settle(index, state.end - size, start > 0)
      await state.plain?.settle(index, state.end - start - size, start > 0)
      for (const run of windows[index]!) dropFromRun(state, run, start, options)
    }
    return state.asked.ids.slice(start)
  } finally {
    await state.asked.close()
    await state.plain?.close()
  }
}

/** Chooses among the next tokens of one rate. */
function dropFromRun(state: State, { tokens, rate }: TokenRun, start: number, options: ResolvedOfficialOptions): void {
  const { asked, plain } = state
  const values = plain ? contrastOf(asked.losses, plain.losses, start) : asked.losses
  const threshold = thresholdOf(values, rate)
  const need = [
    ...(plain ? asked.losses.slice(0, start).map((loss) => loss > 0) : []),
    ...values.map((value) => value > threshold),
    ...asked.losses.slice(0, 1).map((loss) => loss > 0),
  ]
  const end = state.end - options.segmentTokens + tokens
  need.fill(true, 0, cutAt(need.length, end - tokens))
  need.fill(true, cutAt(need.length, end))
  asked.losses = asked.losses.filter((_, at) => need[at])
  if (plain) plain.losses = plain.losses.filter((_, at) => need[start + at] ?? true)
  need.length = Math.min(need.length, asked.ids.length)
  while (need.length < asked.ids.length) need.push(true)
  if (state.flags) keepDoubled(need, state.flags, asked.ids, { from: Math.max(0, end - tokens), to: end }, options)
  asked.ids = asked.ids.filter((_, at) => need[at])
  if (plain) plain.ids = plain.ids.filter((_, at) => need[start + at])
  if (state.flags) state.flags = state.flags.filter((_, at) => need[at])
  const dropped = need.slice(0, cutAt(need.length, end)).filter((kept) => !kept).length
  state.end = end - dropped + options.segmentTokens
}

/** How much less surprising each token is after the question. */
function contrastOf(asked: readonly number[], plain: readonly number[], start: number): number[] {
  return asked.slice(start).map((loss, at) => Math.fround(plain[at]! - loss))
}

function thresholdOf(values: readonly number[], rate: number): number {
  if (rate === 1) return Number.NEGATIVE_INFINITY
  const sorted = Float64Array.from(values).sort().reverse()
  return sorted[Math.max(0, Math.min(sorted.length - 1, Math.trunc(sorted.length * rate) - 1))] ?? 0
}

/** 1 for a token of `splitToken` beside another. */
function doubledFlags(ids: readonly number[], splitToken: number): number[] {
  return ids.map((id, at) => Number(id === splitToken && (ids[at - 1] === splitToken || ids[at + 1] === splitToken)))
}

function keepDoubled(
  need: boolean[],
  flags: readonly number[],
  ids: readonly number[],
  { from, to }: { from: number; to: number },
  { splitToken }: ResolvedOfficialOptions,
): void {
  flags.forEach((flag, at) => {
    if (flag) need[at] = true
  })
  let last = -1
  for (let at = from; at < Math.min(to, need.length); at++) {
    if (!need[at]) continue
    if (ids[at] === splitToken && last === splitToken && !flags[at]) need[at] = false
    else last = ids[at]!
  }
}
