/** @file Memory over time as a drawing in the page. */
import type { MemoryMoment } from './record-cache.ts'

const width = 920
const height = 190
const margin = { left: 64, right: 18, top: 14, bottom: 30 }

/** Bytes in use and allocated over the tokens that went in, and the bytes of a cache from which nothing goes. */
export function memoryChart(moments: readonly MemoryMoment[], tokenBytes: number): string {
  const last = moments.at(-1)
  if (!last || last.tokens === 0 || tokenBytes === 0) return ''
  const most = Math.max(last.tokens * tokenBytes, ...moments.map(({ allocatedBytes }) => allocatedBytes))
  const x = (tokens: number): number => margin.left + (tokens / last.tokens) * (width - margin.left - margin.right)
  const y = (bytes: number): number => height - margin.bottom - (bytes / most) * (height - margin.top - margin.bottom)
  // a token costs as much in each head: the mean is the share
  const from: MemoryMoment = { tokens: 0, slots: 0, allocatedBytes: 0 }
  const used = pathOf([from, ...moments], x, ({ slots }) => y(slots * tokenBytes))
  const allocated = pathOf([from, ...moments], x, ({ allocatedBytes }) => y(allocatedBytes))
  const ticks = [0, 0.5, 1].map((share) => {
    const at = y(share * most).toFixed(1)
    return `<line class="rule" x1="${margin.left}" x2="${width - margin.right}" y1="${at}" y2="${at}"/><text x="${margin.left - 8}" y="${at}" dy="4" text-anchor="end">${megabytes(share * most)}</text>`
  })
  const label = `memory over ${last.tokens} tokens: ${megabytes(last.slots * tokenBytes)} in use of ${megabytes(last.tokens * tokenBytes)} without a policy`
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
${ticks.join('')}
<line class="full" x1="${x(0)}" y1="${y(0)}" x2="${x(last.tokens)}" y2="${y(last.tokens * tokenBytes)}"/>
<path class="room" d="${allocated}"/>
<path class="use" d="${used}"/>
<text x="${margin.left}" y="${height - 8}">0</text><text x="${width - margin.right}" y="${height - 8}" text-anchor="end">${last.tokens.toLocaleString('en-US')} tokens</text>
</svg>`
}

/** Bytes in the unit that a reader would choose. */
export function megabytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(0)} kB`
}

/** What goes is gone at once: a step down at the same token. */
function pathOf(
  moments: readonly MemoryMoment[],
  x: (tokens: number) => number,
  y: (moment: MemoryMoment) => number,
): string {
  return moments
    .map((moment, index) => `${index === 0 ? 'M' : 'L'}${x(moment.tokens).toFixed(1)} ${y(moment).toFixed(1)}`)
    .join('')
}
