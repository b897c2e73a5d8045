/** @file Texts of this checkout in any length: its pages as prose, its sources as code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePassage, type Passage, type Tokenizer } from '@lc/model'

const root = join(import.meta.dirname, '..', '..')

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name) && !/node_modules|dist\/|docs\/api\//.test(name))
    .sort()
    .map((name) => join(folder, name))
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The pages as one text. */
export function prose(): string {
  return [...filesBelow('docs', /\.md$/), ...filesBelow('packages', /README\.md$/)].map(read).join('\n\n')
}

/** The sources below a folder, tests left out. */
export function sources(folder: string): Passage[] {
  return filesBelow(folder, /(?<!\.test|\.test-d)\.ts$/).map((path) => makePassage(read(path), { uri: path }))
}

/** The first so many bytes of all sources, over again where they do not reach. */
export function codeOfSize(bytes: number): Passage[] {
  const all = sources('packages')
  const taken: Passage[] = []
  let left = bytes
  for (let at = 0; left > 0; at++) {
    const { text, source } = all[at % all.length]!
    const part = text.slice(0, left)
    left -= part.length
    taken.push(makePassage(part, { uri: `${Math.floor(at / all.length)}/${source.uri}` }))
  }
  return taken
}

/** A beginning of a text with so many tokens, the text over again where it does not reach. */
export function textOfTokens(text: string, tokens: number, tokenizer: Tokenizer): string {
  const one = tokenizer.count(text)
  const whole = text.repeat(Math.ceil(tokens / one))
  const { spans } = tokenizer.encode(whole)
  return whole.slice(0, spans[Math.min(tokens, spans.length) - 1]!.end)
}
