/** @file Languages by file name, and how each writes a comment. */

/** A language whose units and comments are known; `'text'` is anything else. */
export type Language =
  | 'typescript'
  | 'tsx'
  | 'javascript'
  | 'python'
  | 'go'
  | 'rust'
  | 'java'
  | 'c'
  | 'cpp'
  | 'c-sharp'
  | 'ruby'
  | 'php'
  | 'bash'
  | 'powershell'
  | 'css'
  | 'kotlin'
  | 'swift'
  | 'scala'
  | 'lua'
  | 'sql'
  | 'html'
  | 'yaml'
  | 'toml'
  | 'json'
  | 'markdown'
  | 'text'

const extensions: Readonly<Record<string, Language>> = Object.freeze({
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'javascript',
  py: 'python',
  pyi: 'python',
  go: 'go',
  rs: 'rust',
  java: 'java',
  c: 'c',
  h: 'cpp',
  cc: 'cpp',
  cpp: 'cpp',
  cxx: 'cpp',
  hh: 'cpp',
  hpp: 'cpp',
  hxx: 'cpp',
  cs: 'c-sharp',
  rb: 'ruby',
  php: 'php',
  sh: 'bash',
  bash: 'bash',
  ps1: 'powershell',
  css: 'css',
  kt: 'kotlin',
  kts: 'kotlin',
  swift: 'swift',
  scala: 'scala',
  lua: 'lua',
  sql: 'sql',
  html: 'html',
  xml: 'html',
  svg: 'html',
  vue: 'html',
  yaml: 'yaml',
  yml: 'yaml',
  toml: 'toml',
  ini: 'toml',
  json: 'json',
  md: 'markdown',
  markdown: 'markdown',
  txt: 'text',
})

const names: Readonly<Record<string, Language>> = Object.freeze({
  dockerfile: 'bash',
  makefile: 'bash',
  gemfile: 'ruby',
})

/** How a language writes a comment of one line. */
export interface CommentSyntax {
  before: string
  after: string
}

const slashes: CommentSyntax = { before: '//', after: '' }
const hash: CommentSyntax = { before: '#', after: '' }
const dashes: CommentSyntax = { before: '--', after: '' }
const block: CommentSyntax = { before: '/*', after: ' */' }
const markup: CommentSyntax = { before: '<!--', after: ' -->' }
const none: CommentSyntax = { before: '', after: '' }

const comments: Readonly<Record<Language, CommentSyntax>> = Object.freeze({
  typescript: slashes,
  tsx: slashes,
  javascript: slashes,
  python: hash,
  go: slashes,
  rust: slashes,
  java: slashes,
  c: slashes,
  cpp: slashes,
  'c-sharp': slashes,
  ruby: hash,
  php: slashes,
  bash: hash,
  powershell: hash,
  css: block,
  kotlin: slashes,
  swift: slashes,
  scala: slashes,
  lua: dashes,
  sql: dashes,
  html: markup,
  yaml: hash,
  toml: hash,
  json: none,
  markdown: markup,
  text: none,
})

/** The language of a file, by its name; `'text'` when the name says nothing. A `#!` line decides for files without extension. */
export function languageOf(path: string, text = ''): Language {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toLowerCase()
  const dot = name.lastIndexOf('.')
  const known = dot < 0 ? lookUp(names, name) : lookUp(extensions, name.slice(dot + 1))
  if (known) return known
  const shebang = /^#!.{0,80}\b(python|node|bash|sh|ruby|php)/.exec(text.slice(0, 120))?.[1]
  if (shebang === 'node') return 'javascript'
  if (shebang === 'sh') return 'bash'
  return (shebang as Language | undefined) ?? 'text'
}

function lookUp(table: Readonly<Record<string, Language>>, key: string): Language | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

/** How a language writes a comment; `before` is empty where it has none. */
export function commentSyntax(language: Language): CommentSyntax {
  return comments[language]
}

/** All languages, for checks of options. */
export const languages: readonly Language[] = Object.freeze(Object.keys(comments) as Language[])
