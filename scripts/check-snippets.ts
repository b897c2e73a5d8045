/**
 * @file The programs in our Markdown pages and in the comments of our code. Every fence marked `ts` is a module of its own and is type-checked, `ts more`
 * continues the fence before it, and those marked `ts run` are run by the tests; when a `text` fence follows at once, it
 * is what the program must print. `ts run model` needs a model.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { filesBelow, reportBreaches, workspacePackages } from './workspace-packages.ts'

/** A program in a page. */
export interface Snippet {
  /** The page, relative to the repository. */
  page: string
  /** The line of its first line, from 1. */
  line: number
  code: string
  run: 'no' | 'plain' | 'model'
  /** What it must print, when the page shows it. */
  prints?: string
}

/** The snippets of one page. */
export function snippetsOf(page: string, markdown: string): Snippet[] {
  const snippets: Snippet[] = []
  const fence = /^```(\w+)([^\n]*)\n([\s\S]*?)^```[^\S\n]*$/gm
  let end = -1
  for (const match of markdown.matchAll(fence)) {
    const [whole, language, words = '', body = ''] = match
    const line = markdown.slice(0, match.index).split('\n').length + 1
    const marks = words.trim().split(/\s+/)
    const last = snippets.at(-1)
    const between = markdown.slice(end, match.index)
    if (language === 'ts' && marks.includes('more') && last) last.code += `\n${body}`
    else if (language === 'ts') {
      const run = marks.includes('run') ? (marks.includes('model') ? 'model' : 'plain') : 'no'
      snippets.push({ page, line, code: body, run })
    } else if (language === 'text' && last && last.run !== 'no' && end >= 0 && between.trim() === '')
      last.prints = body.trimEnd()
    end = language === 'ts' ? match.index + whole.length : -1
  }
  return snippets
}

/** The snippets of the doc comments of a source file; line numbers are those of the file. */
export function commentSnippets(file: string, text: string): Snippet[] {
  // everything but comment lines is blanked, so that lines stay where they are
  const comments = text.split('\n').map((line) => /^\s*\* ?(?!\/)(.*)$/.exec(line)?.[1] ?? '')
  return snippetsOf(file, comments.join('\n'))
}

/** The snippets of all pages that a reader sees, and of all doc comments. */
export function allSnippets(root: string): Snippet[] {
  const pages = ['docs', 'packages', 'examples', 'bench'].flatMap((place) => filesBelow(join(root, place), ['.md']))
  const sources = workspacePackages(root).flatMap((one) => filesBelow(join(one.folder, 'src'), ['.ts']))
  return [
    ...[join(root, 'README.md'), join(root, 'CONTRIBUTING.md'), ...pages].flatMap((page) =>
      snippetsOf(relative(root, page), readFileSync(page, 'utf8')),
    ),
    ...sources.flatMap((file) => commentSnippets(relative(root, file), readFileSync(file, 'utf8'))),
  ]
}

/** Writes snippets as modules into a folder inside the repository, where our packages resolve. */
export function writeSnippets(folder: string, snippets: readonly Snippet[]): string[] {
  mkdirSync(folder, { recursive: true })
  return snippets.map((snippet) => {
    const file = join(folder, `${snippet.page.replace(/\W+/g, '-')}-${snippet.line}.ts`)
    // `export {}` makes a module of a snippet without imports
    writeFileSync(file, `${snippet.code}\nexport {}\n`)
    return file
  })
}

/** Type errors of snippets, with the page and line they stand on. */
export function typeErrors(root: string, snippets: readonly Snippet[]): string[] {
  const folder = join(root, 'tmp', `snippets-${process.pid}`)
  const files = writeSnippets(folder, snippets)
  try {
    const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile).config as object
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false, noUnusedParameters: false })
    return files.flatMap((file, index) => {
      const source = program.getSourceFile(file)!
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        (diagnostic) => {
          const { line } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
          const { page, line: first } = snippets[index]!
          return `${page}:${first + line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`
        },
      )
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const snippets = allSnippets(process.cwd())
  process.stdout.write(`${snippets.length} snippets\n`)
  reportBreaches('check-snippets', typeErrors(process.cwd(), snippets))
}
