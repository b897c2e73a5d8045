import { checkArgument, checkInteger } from '@lc/model/check'
import type { Drafter } from './drafter.ts'

/** Options of `promptLookup`. */
export interface PromptLookupOptions {
  /** The most tokens drafted at once. Defaults to 16. */
  readonly tokens?: number
  /** The fewest last tokens that must have occurred before. Defaults to 2. */
  readonly shortest?: number
  /** A text to draft from besides the prompt, as token ids: a file that is being edited, say. Defaults to none. */
  readonly source?: ArrayLike<number>
}

/** The defaults of `promptLookup`. */
export const promptLookupDefaults = Object.freeze({ tokens: 16, shortest: 2 } as const)

/** Last tokens that are compared: more do not tell occurrences apart. */
const longest = 32

/**
 * Prompt look-up: what followed the last tokens where they occurred before, in the prompt or the answer, is likely to follow again.
 * No second model, next to no cost; pays off where answers repeat their prompt (edits, summaries, extraction).
 *
 * Saxena, "Prompt Lookup Decoding" (2023), which takes the first occurrence of the last 3, 2, 1 tokens; here the occurrence that the
 * longest run of last tokens leads to, the latest of several.
 */
export function promptLookup(options: PromptLookupOptions = {}): Drafter {
  const most = checkInteger(options.tokens ?? promptLookupDefaults.tokens, 'tokens', { min: 1, max: 31 })
  const shortest = checkInteger(options.shortest ?? promptLookupDefaults.shortest, 'shortest', { min: 1, max: longest })
  const { source = [] } = options
  for (let index = 0; index < source.length; index++)
    checkArgument(Number.isInteger(source[index]) && source[index]! >= 0, 'source', source[index], 'token ids')
  return {
    id: 'prompt-lookup',
    most,
    schedule: 'adaptive',
    start: async ({ prompt }) => {
      // a token that is none between the two: nothing runs from one into the other
      const before = source.length > 0 ? [...Array.from(source), -1, ...prompt] : [...prompt]
      return {
        draft: async (answer, count) => ({ ids: followers([...before, ...answer], { shortest, count }) }),
        close: async () => {},
      }
    },
  }
}

/** What followed the earlier occurrence of the last tokens that agrees for longest; the latest of several; nothing below the shortest. */
export function followers(
  text: readonly number[],
  { shortest, count }: { readonly shortest: number; readonly count: number },
): number[] {
  const end = text.length
  let [best, bestLength] = [-1, shortest - 1]
  for (let at = end - 1; at > 0; at--) {
    if (text[at - 1] !== text[end - 1]) continue
    let length = 1
    while (length < longest && length < at && text[at - 1 - length] === text[end - 1 - length]) length++
    if (length <= bestLength) continue
    best = at
    bestLength = length
    if (length === longest) break
  }
  if (best < 0) return []
  const ids = text.slice(best, best + count)
  const stop = ids.indexOf(-1)
  return stop < 0 ? ids : ids.slice(0, stop)
}
