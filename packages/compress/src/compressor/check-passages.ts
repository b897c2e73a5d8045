import type { Passage } from '@lc/model'
import { checkArgument } from '@lc/model/check'

/** @throws InvalidArgumentError for a passage without text, and for passages that share an id. */
export function checkPassages(passages: readonly Passage[]): void {
  const seen = new Set<string>()
  for (const { id, text } of passages) {
    checkArgument(typeof text === 'string', 'passages.text', text, 'a string')
    checkArgument(!seen.has(id), 'passages.id', id, 'unique')
    seen.add(id)
  }
}
