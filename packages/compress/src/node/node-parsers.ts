/** @file Finds tree-sitter's WASM files in the installed packages. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { InvalidArgumentError } from '@lc/model/errors'
import { type CodeParsers, type CodeParsersOptions, createCodeParsers } from '../code/code-parsers.ts'
import { type Language, languages } from '../code/language.ts'

const bundle = '@vscode/tree-sitter-wasm/wasm/tree-sitter-'

const files: Partial<Record<Language, string>> = {
  typescript: `${bundle}typescript.wasm`,
  tsx: `${bundle}tsx.wasm`,
  javascript: `${bundle}javascript.wasm`,
  python: `${bundle}python.wasm`,
  go: `${bundle}go.wasm`,
  rust: `${bundle}rust.wasm`,
  java: `${bundle}java.wasm`,
  c: 'tree-sitter-c/tree-sitter-c.wasm',
  cpp: `${bundle}cpp.wasm`,
  'c-sharp': `${bundle}c-sharp.wasm`,
  ruby: `${bundle}ruby.wasm`,
  php: `${bundle}php.wasm`,
  bash: `${bundle}bash.wasm`,
  powershell: `${bundle}powershell.wasm`,
  css: `${bundle}css.wasm`,
}

/**
 * Parsers for Node.js from the installed packages `web-tree-sitter`, `@vscode/tree-sitter-wasm` and `tree-sitter-c`.
 * Grammars are read from disk when their language is first met. `outlines` keeps the units of files that do not change.
 */
export function nodeCodeParsers(options: Pick<CodeParsersOptions, 'outlines'> = {}): CodeParsers {
  const grammars: Partial<Record<Language, () => Promise<Uint8Array>>> = {}
  for (const language of languages) {
    const file = files[language]
    if (file !== undefined) grammars[language] = () => readGrammar(file)
  }
  return createCodeParsers({ ...options, grammars })
}

async function readGrammar(file: string): Promise<Uint8Array> {
  try {
    return await readFile(createRequire(import.meta.url).resolve(file))
  } catch (cause) {
    const name = file.startsWith('@') ? file.split('/').slice(0, 2).join('/') : file.split('/')[0]!
    throw new InvalidArgumentError({
      argument: 'parsers',
      received: `parsers without the package ${name}`,
      allowed: `used with that package installed (npm install ${name})`,
      cause,
    })
  }
}
