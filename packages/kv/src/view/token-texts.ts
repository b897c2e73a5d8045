import type { Tokenizer } from '@lc/model'

/** The text of each token. A character of several tokens is that of the last of them, where the tokenizer tells. */
export function tokenTexts(ids: readonly number[], tokenizer: Tokenizer): string[] {
  const text = tokenizer.decode(ids, { special: 'keep' })
  const again = tokenizer.encode(text)
  if (again.ids.length !== ids.length || !ids.every((id, index) => id === again.ids[index]))
    return ids.map((id) => tokenizer.decode([id], { special: 'keep' }))
  let shown = 0
  return again.spans.map(({ start, end }) => {
    // spans of one character overlap: it is shown once
    const from = Math.max(start, shown)
    shown = Math.max(shown, end)
    return text.slice(from, end)
  })
}
