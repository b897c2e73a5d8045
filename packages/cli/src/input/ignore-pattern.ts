/**
 * @file Patterns of `.gitignore` as gitignore(5) and git's wildmatch define them: one verdict per entry, without a look at
 * the folders above it, which the walk has judged before.
 */

/** One line of a `.gitignore` file. */
interface IgnorePattern {
  matches(path: string): boolean
  /** Begins with `!`: takes back what an earlier line excluded. */
  negative: boolean
  /** Ends with `/`: matches only folders. */
  folderOnly: boolean
}

/** The lines of one `.gitignore` file. */
export interface IgnorePatterns {
  /** What the last line that matches says; undefined when none does. `path` is relative to the file's folder, with `/`. */
  test(path: string, isFolder: boolean): 'excluded' | 'included' | undefined
}

/** Reads the lines of a `.gitignore` file. Lines that git cannot read match nothing. */
export function ignorePatterns(text: string | readonly string[]): IgnorePatterns {
  const lines = typeof text === 'string' ? text.replace(/^\ufeff/, '').split(/\r?\n/) : text
  const patterns = lines.flatMap((line) => readLine(line) ?? []).reverse()
  return {
    test(path, isFolder) {
      const last = patterns.find((pattern) => (isFolder || !pattern.folderOnly) && pattern.matches(path))
      return last && (last.negative ? 'included' : 'excluded')
    },
  }
}

function readLine(line: string): IgnorePattern | undefined {
  if (line.startsWith('#')) return undefined
  let body = line.replace(/(?<!\\)((?:\\\\)*) +$/, '$1')
  const negative = body.startsWith('!')
  if (negative) body = body.slice(1)
  const folderOnly = body.endsWith('/')
  if (folderOnly) body = body.slice(0, -1)
  if (body === '') return undefined
  const anchored = body.includes('/')
  const source = regexSource(body.startsWith('/') ? body.slice(1) : body)
  if (source === undefined) return undefined
  const regex = new RegExp(`^${source}$`, 'su')
  const matches = anchored
    ? (path: string) => regex.test(path)
    : (path: string) => regex.test(path.slice(path.lastIndexOf('/') + 1))
  return { matches, negative, folderOnly }
}

/** The pattern as a regular expression; undefined for an open bracket or a backslash at the end. */
function regexSource(pattern: string): string | undefined {
  let source = ''
  let at = 0
  while (at < pattern.length) {
    const piece = readStars(pattern, at) ?? readBracket(pattern, at) ?? readCharacter(pattern, at)
    if (piece === undefined) return undefined
    source += piece.source
    at = piece.end
  }
  return source
}

interface Piece {
  source: string
  end: number
}

function readStars(pattern: string, at: number): Piece | undefined {
  if (pattern[at] !== '*') return undefined
  let end = at
  while (pattern[end] === '*') end++
  const opens = at === 0 || pattern[at - 1] === '/'
  if (end - at > 1 && opens) {
    // `**/` is any number of folders, also none; `/**` at the end is everything below
    if (pattern[end] === '/') return { source: '(?:[^/]+/)*', end: end + 1 }
    if (end === pattern.length) return { source: '.*', end }
  }
  return { source: '[^/]*', end }
}

const classes: Record<string, string> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '\\x21-\\x7e',
  lower: 'a-z',
  print: '\\x20-\\x7e',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
}

function readBracket(pattern: string, at: number): Piece | undefined {
  if (pattern[at] !== '[') return undefined
  const [whole, negated, body = ''] = /^\[([!^]?)(\]?(?:\[:[a-z]+:\]|\\.|[^\]\\])*)\]/su.exec(pattern.slice(at)) ?? []
  if (whole === undefined) return undefined
  const source = body.replace(
    /\[:([a-z]+):\]|\\(.)|([\][\\^])/gsu,
    (_all, name?: string, escaped?: string, special?: string) => {
      if (name !== undefined) return classes[name] ?? ''
      const literal = escaped ?? special ?? ''
      return /[\][\\^\-/]/.test(literal) ? `\\${literal}` : literal
    },
  )
  return { source: negated ? `(?!/)[^${source}]` : `(?!/)[${source}]`, end: at + whole.length }
}

function readCharacter(pattern: string, at: number): Piece | undefined {
  const character = String.fromCodePoint(pattern.codePointAt(at)!)
  if (character === '[') return undefined
  if (character === '?') return { source: '[^/]', end: at + 1 }
  const escapes = character === '\\'
  if (escapes && at + 1 === pattern.length) return undefined
  const literal = escapes ? String.fromCodePoint(pattern.codePointAt(at + 1)!) : character
  return { source: literal.replace(/[\\^$.*+?()[\]{}|/]/u, '\\$&'), end: at + (escapes ? 1 : 0) + literal.length }
}
