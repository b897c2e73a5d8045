/** @file Attention patterns by the names that a command line or a configuration uses. */
import type { AttentionPattern } from '@lc/core'
import { checkOneOf } from '@lc/model/check'
import type { CacheBudget } from '../policy/budget.ts'
import { aShape } from './a-shape.ts'
import { a2ats } from './a2ats.ts'
import { blockSparse } from './block-sparse.ts'
import { dma } from './dma.ts'
import { longGen } from './long-gen.ts'
import { longHeads } from './long-heads.ts'
import { moba } from './moba.ts'
import { nsa } from './nsa.ts'
import { quest } from './quest.ts'
import { recycledAttention } from './recycled-attention.ts'
import { shadowKv } from './shadow-kv.ts'
import { ssa } from './ssa.ts'
import { verticalColumns } from './vertical-columns.ts'

/** Options of a pattern by name: a budget, and the pattern's own options. */
export type NamedPatternOptions = { readonly budget?: CacheBudget } & { readonly [option: string]: unknown }

// each factory checks its options itself, whatever they come from
type Options = never

const patterns = {
  a2ats: (options: Options) => a2ats(options),
  'a-shape': (options: Options) => aShape(options),
  'block-sparse': (options: Options) => blockSparse(options),
  dma: (options: Options) => dma(options),
  'long-gen': (options: Options) => longGen(options),
  'long-heads': (options: Options) => longHeads(options),
  moba: (options: Options) => moba(options),
  nsa: (options: Options) => nsa(options),
  quest: (options: Options) => quest(options),
  'recycled-attention': (options: Options) => recycledAttention(options),
  'shadow-kv': (options: Options) => shadowKv(options),
  ssa: (options: Options) => ssa(options),
  'vertical-slash': (options: Options) => verticalColumns(options),
} as const

/** A pattern's name. */
export type PatternName = keyof typeof patterns

/** All names, in alphabetical order. */
export const patternNames: readonly PatternName[] = Object.freeze((Object.keys(patterns) as PatternName[]).sort())

/**
 * The attention pattern of a name, for `loadModel`: `patternByName('quest', { budget: 1024 })`. Options are the pattern's own.
 *
 * @throws InvalidArgumentError for another name, and for options that the pattern refuses
 */
export function patternByName(name: PatternName | (string & {}), options: NamedPatternOptions = {}): AttentionPattern {
  return patterns[checkOneOf(name, 'pattern', patternNames)](options as Options)
}
