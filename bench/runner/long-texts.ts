/** @file Long real texts and code: of the data folder, or of this checkout where that is asked for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { LocalModel } from '@lc/core'
import type { BenchOptions } from './suite.ts'

/** A text and what it is. */
export interface LongText {
  readonly name: string
  readonly kind: 'prose' | 'code'
  readonly text: string
}

/** A text as token ids. */
export interface TokenisedText extends Omit<LongText, 'text'> {
  readonly ids: Uint32Array
}

/** `--data own`: the pages and sources of this checkout. */
const own = 'own'
const books = 'eval/lara/32k/book'
const longBooks = 'eval/lara/128k/book'
const functions = 'compress/code-deps/yabloco-bench-v0.7.json.gz'
// a function beyond this length is cut, so that one does not fill a text
const longestFunction = 6000

/** Texts by turns of prose and code; ends the process with code 3 where the folder lacks them. */
export function longTexts(options: BenchOptions, suite: string): LongText[] {
  const { data } = options
  if (data === own) return byTurns(ownPages(), ownSources())
  const wanted = [books, longBooks, functions]
  const missing =
    data === undefined
      ? [`--data FOLDER (or LC_DATA) with ${wanted.join(', ')}; --data own takes this checkout's pages and sources`]
      : wanted.filter((path) => !existsSync(join(data, path)))
  if (data === undefined || missing.length > 0) {
    process.stderr.write(`${suite}: missing ${missing.join(', ')}\n`)
    process.exit(3)
  }
  return byTurns(booksOf(join(data, books)), projectsOf(join(data, functions)))
}

/** The longest prose there is, for contexts beyond what a model was trained on. */
export function longestProse(options: BenchOptions, suite: string): LongText[] {
  const texts = longTexts(options, suite).filter(({ kind }) => kind === 'prose')
  return options.data === own ? texts : booksOf(join(options.data!, longBooks))
}

/** The first texts of at least so many tokens, cut to them. */
export function tokenisedTexts(
  model: LocalModel,
  texts: readonly LongText[],
  wanted: { readonly count: number; readonly tokens: number },
): TokenisedText[] {
  const result: TokenisedText[] = []
  for (const { text, ...rest } of texts) {
    if (result.length === wanted.count) break
    // no token of these texts is longer on average; the rest need not be read
    const { ids } = model.tokenizer.encode(text.slice(0, wanted.tokens * 8))
    if (ids.length >= wanted.tokens) result.push({ ...rest, ids: ids.subarray(0, wanted.tokens) })
  }
  return result
}

function byTurns(prose: readonly LongText[], code: readonly LongText[]): LongText[] {
  const turns = Array.from({ length: Math.max(prose.length, code.length) }, (_, turn) => [prose[turn], code[turn]])
  return turns.flat().filter((text) => text !== undefined)
}

function booksOf(folder: string): LongText[] {
  return readdirSync(folder)
    .sort()
    .map((file) => {
      const bytes = readFileSync(join(folder, file))
      const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
      return { name: file.replace(/\.txt(\.gz)?$/, ''), kind: 'prose', text }
    })
}

type Callers = Record<string, { calls: { id: string; path?: string; code?: string }[] }>

/** The functions of each C or C++ project, one after the other. */
function projectsOf(file: string): LongText[] {
  const callers = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Callers
  const projects = new Map<string, Map<string, string>>()
  for (const { id, path, code } of Object.values(callers).flatMap(({ calls }) => calls)) {
    const project = path?.split('/')[0]
    if (!project || !code) continue
    const known = projects.get(project) ?? new Map<string, string>()
    projects.set(project, known.set(String(id), `// ${path}\n${code.slice(0, longestFunction)}`))
  }
  return [...projects]
    .map(([name, codes]): LongText => ({ name, kind: 'code', text: [...codes.values()].join('\n\n') }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

const root = join(import.meta.dirname, '..', '..')

function ownPages(): LongText[] {
  return [{ name: 'pages of lc', kind: 'prose', text: joined(root, /^(docs|packages|bench)\/.*\.md$|^\w+\.md$/) }]
}

function ownSources(): LongText[] {
  return ['model', 'kv', 'compress'].map((name) => {
    const text = joined(join(root, 'packages', name, 'src'), /(?<!\.test)\.ts$/)
    return { name: `sources of @lc/${name}`, kind: 'code', text }
  })
}

function joined(folder: string, pattern: RegExp): string {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => pattern.test(name) && !/node_modules|dist\//.test(name))
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
}
