/**
 * @file Borders of blocks from line perplexities: a line that is a local maximum and stands out from a neighbour ends its
 * block (LongCodeZip, section 3.3). Two thresholds: a multiple of the standard deviation, as the paper says, and the mean
 * plus a fifth of it, which the released package compares with differences, so that only strong spikes count.
 */

/** Which lines stand out: by `alpha` standard deviations, or by the mean plus `alpha` standard deviations (both in log2 perplexity). */
export interface SpikeRule {
  kind: 'deviation' | 'mean'
  alpha: number
}

/** Lines whose log2 perplexity is a spike; never the first or the last. */
export function spikeLines(values: ArrayLike<number>, rule: SpikeRule): number[] {
  const threshold =
    rule.kind === 'mean'
      ? meanThreshold(values, rule.alpha)
      : rule.alpha * deviation(Array.from(values).filter(Number.isFinite))
  const spikes: number[] = []
  for (let line = 1; line + 1 < values.length; line++) {
    const own = values[line]!
    const before = rise(own, values[line - 1]!)
    const after = rise(own, values[line + 1]!)
    if (!Number.isFinite(own) || before < 0 || after < 0) continue
    if (before >= threshold || after >= threshold) spikes.push(line)
  }
  // where all lines are equal nothing stands out
  return threshold > 0 ? spikes : []
}

// a neighbour without a value neither raises nor hides a spike
function rise(own: number, neighbour: number): number {
  return Number.isFinite(neighbour) ? own - neighbour : 0
}

function meanThreshold(values: ArrayLike<number>, alpha: number): number {
  const positive = Array.from(values).filter((value) => value > 0 && Number.isFinite(value))
  if (positive.length < 3) return 0.5
  return positive.reduce((sum, value) => sum + value, 0) / positive.length + alpha * deviation(positive)
}

function deviation(values: readonly number[]): number {
  if (values.length === 0) return 0
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}

/** Blocks of lines, each ending with a spike or the last line: `[from, to)` of each. */
export function spikeBlocks(values: ArrayLike<number>, rule: SpikeRule): { from: number; to: number }[] {
  const blocks: { from: number; to: number }[] = []
  let from = 0
  for (const spike of spikeLines(values, rule)) {
    blocks.push({ from, to: spike + 1 })
    from = spike + 1
  }
  if (from < values.length) blocks.push({ from, to: values.length })
  return blocks
}
