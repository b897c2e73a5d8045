import type { AttentionReducer } from '../../cache/attention-reducer.ts'
import type { CacheFormat } from '../../cache/cache-format.ts'
import type { CachePolicy } from '../../cache/cache-policy.ts'
import type { GaussianQueryPrograms } from '../../cache/gaussian-queries.ts'
import type { LocalTokenizer } from '../../tokenizer/local-tokenizer.ts'
import type { PreparedContextHost } from './prepared-context.ts'

/** What sessions need of their model. */
export interface SessionHost extends PreparedContextHost {
  readonly reducer: AttentionReducer
  readonly gaussianQueries: GaussianQueryPrograms
  readonly tokenizer: LocalTokenizer
  readonly endTokens: readonly number[]
  readonly contextLength: number
}

/** Fields of a session's state. */
export interface SessionStateFields {
  readonly host: SessionHost
  readonly policy: CachePolicy
  readonly accuracy: 'exact' | 'fast'
  readonly seed: number
  readonly plannedLength: number
  readonly cache: CacheFormat
}
