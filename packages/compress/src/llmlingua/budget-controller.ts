/**
 * @file The coarse stage: which passages reach the choice of words, and what share of each is wanted (LLMLingua, section 4.1;
 * LongLLMLingua, equations 4 and 6).
 */

/**
 * Passages in rank order until their tokens pass `granularity` budgets; the one that passes is still taken.
 * @returns indices, in rank order
 */
export function choosePassages(ranking: readonly number[], tokens: ArrayLike<number>, room: number): number[] {
  const chosen: number[] = []
  let left = room
  for (const index of ranking) {
    if (left <= 0) break
    chosen.push(index)
    left -= tokens[index]!
  }
  return chosen
}

export interface DynamicRatiosInput {
  /** Tokens of each chosen passage, in rank order. */
  tokens: readonly number[]
  /** Tokens wanted of all of them. */
  target: number
  /** The spread: from +spread for the best to -spread for the worst. */
  spread: number
}

/**
 * The share of each passage that is wanted, in [0, 1], falling linearly with rank around the common share. What clamping
 * takes away or adds is given back, so that the shares meet the target.
 */
export function dynamicRatios({ tokens, target, spread }: DynamicRatiosInput): Float64Array {
  const all = tokens.reduce((sum, each) => sum + each, 0)
  if (all === 0) return new Float64Array(tokens.length)
  const last = Math.max(1, tokens.length - 1)
  const offsets = tokens.map((_, rank) => (tokens.length > 1 ? spread * (1 - (2 * rank) / last) : 0))
  // the common share that meets the target after clamping, by halving
  let low = -spread - 1
  let high = spread + 1
  const kept = (share: number): number =>
    tokens.reduce((sum, each, rank) => sum + each * clamp(share + offsets[rank]!), 0)
  for (let step = 0; step < 50; step++) {
    const middle = (low + high) / 2
    if (kept(middle) < target) low = middle
    else high = middle
  }
  return Float64Array.from(offsets, (offset) => clamp((low + high) / 2 + offset))
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}
