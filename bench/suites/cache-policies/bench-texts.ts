import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalModel } from '@lc/core'
import type { BenchOptions } from '../../runner/suite.ts'

const readable = /\.(txt|md|py|ts|js|java|go|rs|c|h)$/

/** A text as token ids. */
export interface BenchText {
  readonly name: string
  readonly ids: Uint32Array
}

/** Texts of at least so many tokens: from the data folder where one is given, otherwise lc's own sources and pages, joined. */
export function benchTexts(
  model: LocalModel,
  options: BenchOptions,
  wanted: { readonly count: number; readonly tokens: number },
): BenchText[] {
  const texts: BenchText[] = []
  for (const { name, text } of options.data ? files(options.data, wanted.tokens) : ownTexts()) {
    // four characters a token, and some to spare: the rest is not needed
    const { ids } = model.tokenizer.encode(text.slice(0, wanted.tokens * 8))
    if (ids.length >= wanted.tokens) texts.push({ name, ids: ids.subarray(0, wanted.tokens) })
    if (texts.length === wanted.count) break
  }
  return texts
}

function* files(folder: string, tokens: number): Generator<{ name: string; text: string }> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => readable.test(name))
  for (const name of names.sort()) {
    const path = join(folder, name)
    if (statSync(path).size >= tokens * 2) yield { name, text: readFileSync(path, 'utf8') }
  }
}

function* ownTexts(): Generator<{ name: string; text: string }> {
  const root = join(import.meta.dirname, '..', '..', '..')
  for (const [name, folder, pattern] of [
    ['pages', 'docs', /\.md$/],
    ['sources of @lc/model', 'packages/model/src', /(?<!\.test)\.ts$/],
    ['sources of @lc/kv', 'packages/kv/src', /(?<!\.test)\.ts$/],
    ['sources of @lc/compress', 'packages/compress/src', /(?<!\.test)\.ts$/],
  ] as const) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
      pattern.test(file),
    )
    yield {
      name,
      text: names
        .sort()
        .map((file) => readFileSync(join(root, folder, file), 'utf8'))
        .join('\n'),
    }
  }
}
