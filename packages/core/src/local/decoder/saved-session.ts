/** @file What a saved session holds beside its cache, and how that is checked when it comes back. */
import type { JsonValue } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import type { CacheReport } from '../../cache/cache-policy.ts'
import type { ObserverFacts } from '../../cache/observer.ts'
import type { Removal } from '../../cache/report-cache.ts'
import { cacheProblem, type SavedArray } from '../../cache/sealed-arrays.ts'
import { isWhole, isWholeNumbers, type SavedCacheFacts } from '../../cache/serialise-cache.ts'

/** The facts of a session. Its logits and what it observed are arrays. */
export interface SavedSession {
  readonly policy: string
  /** Generated tokens whose keys are not cached yet. */
  readonly pending: readonly number[]
  /** Position and token id in turn. */
  readonly positions: readonly number[]
  readonly steps: number
  readonly extraTokens: number
  readonly compressions: CacheReport['compressions']
  readonly removal?: Removal
  readonly observer: ObserverFacts
  /** What the policy gave. */
  readonly state?: JsonValue
}

/** The name of the array of logits after the last token, where they are known. */
export const logitsArray = 'logits'

/**
 * The facts of a session that was saved, and its logits where they were known.
 *
 * @throws FileFormatError for what is no session or has another vocabulary; InvalidArgumentError for another policy or planned length
 */
export function readSavedSession(
  { session: saved, ids, plannedLength }: SavedCacheFacts,
  arrays: ReadonlyMap<string, SavedArray>,
  wanted: { readonly policy: string; readonly plannedLength: number; readonly vocabularySize: number },
): { saved: SavedSession; logits: Float32Array | undefined } {
  if (!isSavedSession(saved)) throw cacheProblem('it is not that of a session')
  const same = saved.policy === wanted.policy && plannedLength === wanted.plannedLength
  checkArgument(same, 'bytes', saved.policy, `a session of the policy ${wanted.policy} with the same settings`)
  const tokens = [ids, saved.pending, saved.positions.filter((_, at) => at % 2 === 1)]
  if (tokens.some((list) => list.some((id) => id >= wanted.vocabularySize)))
    throw cacheProblem('it has tokens of another vocabulary')
  const logits = arrays.get(logitsArray)
  if (logits && logits.length !== wanted.vocabularySize) throw cacheProblem('its logits are of another vocabulary')
  return { saved, logits: logits && Float32Array.from(logits) }
}

/** Whether facts are those of a session. */
function isSavedSession(facts: unknown): facts is SavedSession {
  if (!isRecord(facts)) return false
  const { policy, pending, positions, steps, extraTokens, compressions, removal, observer } = facts
  return (
    typeof policy === 'string' &&
    isWholeNumbers(pending) &&
    isWholeNumbers(positions) &&
    positions.length % 2 === 0 &&
    isWhole(steps) &&
    isWhole(extraTokens) &&
    Array.isArray(compressions) &&
    compressions.every(isCompression) &&
    (removal === undefined || isRemoval(removal)) &&
    isObserver(observer)
  )
}

function isCompression(value: unknown): boolean {
  return isRecord(value) && typeof value.trigger === 'string' && isWhole(value.before) && isWhole(value.after)
}

function isRemoval(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { first, last, by, lengths } = value
  return isWhole(first) && isWhole(last) && typeof by === 'string' && isWholeNumbers(lengths)
}

function isObserver(value: unknown): boolean {
  return isRecord(value) && isWhole(value.queryCount) && isWholeNumbers(value.queries) && isWholeNumbers(value.hidden)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
