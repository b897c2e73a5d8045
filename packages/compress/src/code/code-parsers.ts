/** @file Loads tree-sitter and its grammars once, from wherever the caller says they are. */
import { checkArgument } from '@lc/model/check'
import { InvalidArgumentError } from '@lc/model/errors'
import type { Language as Grammar, Parser, Tree } from 'web-tree-sitter'
import type { EntryStore } from '../prepared/entry-store.ts'
import type { Language } from './language.ts'

/** Bytes of a WASM file, or where they are. Relative URLs are resolved by the page. */
export type WasmSource = string | URL | Uint8Array

/** Parses text of the languages whose grammars it was given. Grammars are loaded at their first use. */
export interface CodeParsers {
  /** The languages that a parser is there for. */
  readonly languages: readonly Language[]
  /** Where the units that were found are kept, so that a file that did not change is parsed once. */
  readonly outlines?: EntryStore | undefined
  /**
   * Loads the grammar if that has not happened, and parses. The tree holds WASM memory: the caller deletes it.
   * @returns undefined when no grammar was given for the language
   */
  parse(language: Language, text: string): Promise<Tree | undefined>
}

/** Where the WASM files are. */
export interface CodeParsersOptions {
  /** `web-tree-sitter.wasm` of the package `web-tree-sitter`. Defaults to the file beside that package's module. */
  runtime?: WasmSource | undefined
  /** The `.wasm` file of each grammar, or a function that finds it. */
  grammars: Readonly<Partial<Record<Language, WasmSource | (() => WasmSource | Promise<WasmSource>)>>>
  /** Keeps the units of each text for later calls, for example `memoryStore()`. Defaults to none. */
  outlines?: EntryStore | undefined
}

/**
 * Parsers from grammars given as bytes or addresses. Needs the package `web-tree-sitter`; grammars come for example from
 * `@vscode/tree-sitter-wasm` and `tree-sitter-c`.
 */
export function createCodeParsers(options: CodeParsersOptions): CodeParsers {
  checkArgument(
    typeof options.grammars === 'object' && options.grammars !== null,
    'grammars',
    options.grammars,
    'an object',
  )
  const languages = Object.freeze(Object.keys(options.grammars) as Language[])
  let parser: Promise<Parser> | undefined
  const grammars = new Map<Language, Promise<Grammar>>()

  const load = async (language: Language): Promise<Grammar> => {
    const given = options.grammars[language]!
    const source = typeof given === 'function' ? await given() : given
    const { Language: loader } = await importTreeSitter()
    return loader.load(source)
  }

  return {
    languages,
    outlines: options.outlines,
    async parse(language, text) {
      if (!languages.includes(language)) return undefined
      // a failure is not kept: the next call tries again
      parser ??= startParser(options.runtime).catch((error) => {
        parser = undefined
        throw error
      })
      const ready = await parser
      let grammar = grammars.get(language)
      if (!grammar) {
        grammar = load(language).catch((error) => {
          grammars.delete(language)
          throw error
        })
        grammars.set(language, grammar)
      }
      const loaded = await grammar
      // no await from here on: one parser serves all languages
      ready.setLanguage(loaded)
      return ready.parse(text) ?? undefined
    },
  }
}

async function importTreeSitter(): Promise<typeof import('web-tree-sitter')> {
  try {
    return await import('web-tree-sitter')
  } catch (cause) {
    throw new InvalidArgumentError({
      argument: 'parsers',
      received: 'parsers without the package web-tree-sitter',
      allowed: 'used with the package web-tree-sitter installed (npm install web-tree-sitter@0.27)',
      cause,
    })
  }
}

async function startParser(runtime: WasmSource | undefined): Promise<Parser> {
  const { Parser } = await importTreeSitter()
  if (runtime instanceof Uint8Array) await Parser.init({ wasmBinary: runtime })
  else if (runtime !== undefined) await Parser.init({ locateFile: () => String(runtime) })
  else await Parser.init()
  return new Parser()
}
