/**
 * @file Which key/value heads need the whole context (retrieval heads) and which do with sinks and a recent window.
 *
 * Source: Xiao et al., "DuoAttention" (2024); mit-han-lab/duo-attention, whose pattern files are tab-separated matrices
 * `[layers, key/value heads]` of gates in [0, 1].
 */
import { checkArgument, checkNumber } from '@lc/model/check'
import { OutputParseError } from '@lc/model/errors'

/** One gate per (layer, key/value head). */
export interface HeadProfile {
  layerCount: number
  kvHeadCount: number
  /** `[layers * heads]`, row-major. */
  gates: Float32Array
}

/** Reads a tab- or comma-separated matrix of gates. @throws OutputParseError with the position of what does not fit. */
export function parseHeadProfile(text: string): HeadProfile {
  const rows = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) =>
      line
        .trim()
        .split(/[\t, ]+/)
        .map(Number),
    )
  const kvHeadCount = rows[0]?.length ?? 0
  const faulty = rows.findIndex((row) => row.length !== kvHeadCount || row.some((gate) => !Number.isFinite(gate)))
  if (rows.length === 0 || faulty >= 0) {
    throw new OutputParseError({
      text: text.slice(0, 80),
      expected: 'a matrix of numbers with rows of equal length',
      position: Math.max(0, faulty),
    })
  }
  return { layerCount: rows.length, kvHeadCount, gates: Float32Array.from(rows.flat()) }
}

/**
 * The retrieval heads at a sparsity: gates at or above the quantile (linear interpolation). N distinct gates leave
 * `N - ceil(sparsity * (N - 1))` retrieval heads. Equal gates are told apart by their position instead of the official
 * random noise, so that the choice repeats.
 *
 * @param sparsity share of streaming heads; 0 or less makes all heads retrieval heads, 1 or more none
 * @returns 1 for a retrieval head, `[layers * heads]`
 */
export function retrievalHeads(profile: HeadProfile, sparsity: number): Uint8Array {
  checkNumber(sparsity, 'sparsity')
  const n = profile.gates.length
  checkArgument(
    n === profile.layerCount * profile.kvHeadCount,
    'profile',
    n,
    `${profile.layerCount} x ${profile.kvHeadCount} gates`,
  )
  if (sparsity <= 0) return new Uint8Array(n).fill(1)
  if (sparsity >= 1) return new Uint8Array(n)
  const clip = (gate: number) => Math.min(1, Math.max(0, gate))
  const order = Array.from(profile.gates.keys()).sort(
    (a, b) => clip(profile.gates[b]!) - clip(profile.gates[a]!) || a - b,
  )
  const heads = new Uint8Array(n)
  for (const head of order.slice(0, n - Math.ceil(sparsity * (n - 1) - 1e-9))) heads[head] = 1
  return heads
}

/** The text of a file of gates, which `parseHeadProfile` reads: a line per layer, gates between tabs. */
export function formatHeadProfile({ layerCount, kvHeadCount, gates }: HeadProfile): string {
  checkArgument(
    gates.length === layerCount * kvHeadCount,
    'profile',
    gates.length,
    `${layerCount} x ${kvHeadCount} gates`,
  )
  const lines = Array.from({ length: layerCount }, (_, layer) =>
    Array.from(gates.subarray(layer * kvHeadCount, (layer + 1) * kvHeadCount), (gate) => gate.toFixed(6)).join('\t'),
  )
  return `${lines.join('\n')}\n`
}
