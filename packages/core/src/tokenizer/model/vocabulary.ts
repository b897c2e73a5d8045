import { FileFormatError } from '../../errors/file-format-error.ts'

/** Tokens by id and ids by token. */
export interface Vocabulary {
  /** By id; ids that name nothing are undefined. */
  readonly tokens: readonly (string | undefined)[]
  readonly ids: ReadonlyMap<string, number>
}

/** The vocabulary of a list; of equal tokens the first keeps the name. */
export function listedVocabulary(tokens: readonly (string | undefined)[]): Vocabulary {
  const ids = new Map<string, number>()
  for (let id = 0; id < tokens.length; id++) {
    const token = tokens[id]
    if (token !== undefined && !ids.has(token)) ids.set(token, id)
  }
  return { tokens, ids }
}

/** The vocabulary of a `{token: id}` object. */
export function mappedVocabulary(file: string, entries: Readonly<Record<string, unknown>>): Vocabulary {
  const tokens: (string | undefined)[] = []
  const ids = new Map<string, number>()
  const names = Object.keys(entries)
  // ids may leave gaps, but not make us hold a table that the file does not pay for
  const largestId = names.length * 4 + 65_536
  for (const token of names) {
    const id = entries[token]
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > largestId)
      throw new FileFormatError({
        file,
        format: 'tokenizer.json',
        problem: `the id of token ${JSON.stringify(token.slice(0, 40))} is not an integer from 0 to ${largestId}`,
      })
    ids.set(token, id)
    while (tokens.length <= id) tokens.push(undefined)
    tokens[id] = token
  }
  return { tokens, ids }
}
