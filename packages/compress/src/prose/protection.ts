/** @file Options for protected text, shared by all compressors of words. */
import type { Span } from '@lc/model'
import { checkArgument, checkOneOf } from '@lc/model/check'
import { isAtomic, type ProtectedKind, protectedKinds, protectedSpans, protectionRank } from './protected-spans.ts'
import { joinInside } from './words.ts'

/** What text survives as long as it can. */
export interface ProtectionOptions {
  /**
   * `'prefer'` (default): protected text is given up last, in the order quotes, code, numbers, URLs, ids, first sentence, last
   * sentence, phrases. `'require'`: a budget too small for it is a `BudgetTooSmallError` that tells the minimum.
   */
  protect?: 'prefer' | 'require' | undefined
  /** What is protected. Defaults to `['numbers', 'urls', 'ids', 'code', 'phrases']`; where whole lines are kept or dropped, to `['phrases']`. */
  protectedKinds?: readonly ProtectedKind[] | undefined
  /** Phrases that must survive, taken literally. */
  forcedPhrases?: readonly string[] | undefined
  /** Texts that are whole or absent, such as JSON among prose. Defaults to none. */
  undivided?: ((text: string) => boolean) | undefined
}

/** The defaults of protection. */
export const protectionDefaults = Object.freeze({
  protect: 'prefer',
  protectedKinds: Object.freeze(['numbers', 'urls', 'ids', 'code', 'phrases'] as const),
} as const)

/** As `protectionDefaults`, for compressors of whole lines: numbers are in half the lines of a program. */
export const lineProtectionDefaults = Object.freeze({
  protect: 'prefer',
  protectedKinds: Object.freeze(['phrases'] as const),
} as const)

export interface ResolvedProtection {
  protect: 'prefer' | 'require'
  kinds: readonly ProtectedKind[]
  phrases: readonly string[]
  undivided: (text: string) => boolean
}

const nothing = (): boolean => false

/** Checks protection options and fills in defaults. */
export function resolveProtection(
  options: ProtectionOptions,
  defaults: { protectedKinds: readonly ProtectedKind[] } = protectionDefaults,
): ResolvedProtection {
  const kinds = options.protectedKinds ?? defaults.protectedKinds
  for (const kind of kinds) checkOneOf(kind, 'protectedKinds', protectedKinds)
  const phrases = options.forcedPhrases ?? []
  for (const phrase of phrases)
    checkArgument(
      typeof phrase === 'string' && phrase !== '',
      'forcedPhrases',
      phrase,
      'strings with something in them',
    )
  return {
    protect: checkOneOf(options.protect ?? protectionDefaults.protect, 'protect', ['prefer', 'require']),
    kinds,
    phrases,
    undivided: options.undivided ?? nothing,
  }
}

/** A piece of text with the protection it has. */
export interface ProtectedPiece extends Span {
  /** 0, or how late it is given up. */
  protection: number
}

/**
 * Pieces of a text with their protection. Numbers, ids and the like are never cut: pieces that share one are joined, whether
 * their kind is protected or not.
 */
export function protectPieces(
  text: string,
  pieces: readonly Span[],
  { kinds, phrases, undivided }: ResolvedProtection,
): ProtectedPiece[] {
  const always: ProtectedKind[] = ['numbers', 'urls', 'ids']
  const found = protectedSpans(text, { kinds: [...new Set([...kinds, ...always])], phrases })
  const atoms = found.filter((span) => isAtomic(span.kind))
  const joined =
    text !== '' && undivided(text) ? [{ start: 0, end: text.length }] : joinInside(pieces, mergeAtoms(atoms))
  const wanted = found.filter((span) => kinds.includes(span.kind))
  let from = 0
  return joined.map((piece) => {
    while (from < wanted.length && wanted[from]!.end <= piece.start) from++
    let protection = 0
    for (let index = from; index < wanted.length && wanted[index]!.start < piece.end; index++)
      if (wanted[index]!.end > piece.start) protection = Math.max(protection, protectionRank(wanted[index]!.kind))
    return { ...piece, protection }
  })
}

/** Overlapping atoms are one; atoms that only touch stay apart. */
function mergeAtoms(atoms: readonly Span[]): Span[] {
  const merged: Span[] = []
  for (const { start, end } of atoms) {
    const last = merged.at(-1)
    if (last && start < last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}
