import { type JoinedPassages, joinPassages } from './join-passages.ts'
import type { Passage } from './passage.ts'

/**
 * The default layout of passages in a prompt: each under a line `[number] uri`, separated by a blank line. The number is
 * what an answer can cite.
 */
export function renderPassages(passages: readonly Passage[]): JoinedPassages {
  return joinPassages(passages, { header: (passage, index) => `[${index + 1}] ${passage.source.uri}\n` })
}
