/**
 * @file Regular expressions of tokenizer files, written for Oniguruma, as JavaScript ones. White space, digits and word
 * characters are the Unicode ones there; `(?i:...)` is spelt out; possessive and atomic forms become a look-ahead with a
 * back-reference, which does not backtrack either. What has no equivalent is refused, and so is a repeated group that can
 * match one text in many ways: no engine of JavaScript bounds the time that takes.
 */

/** The pattern in JavaScript's syntax for the flag `u`, or a sentence saying what cannot be translated. */
export function translatePattern(source: string): { pattern: string } | { problem: string } {
  if (source.length > 20_000) return { problem: 'the pattern is longer than 20000 characters' }
  const translator = new Translator(source)
  try {
    const pattern = translator.alternatives(false)
    if (!translator.done) return { problem: `unexpected ")" at ${translator.position}` }
    new RegExp(pattern, 'u')
    return { pattern }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

/** Left by `throw` inside the translator only; `translatePattern` turns it into a sentence. */
class PatternProblem extends SyntaxError {}

/** What Oniguruma's tables call a word character: with superscripts and fractions of Latin-1, without joiners. */
const word = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}'

const outsideClass: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: `[${word}]`,
  W: `[^${word}]`,
  h: '[0-9a-fA-F]',
  A: '(?<![\\s\\S])',
  z: '(?![\\s\\S])',
  Z: '(?=\\n?(?![\\s\\S]))',
}

const insideClass: Readonly<Record<string, string>> = {
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  w: word,
  h: '0-9a-fA-F',
}

const scripts = new Set([
  'Han',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Latin',
  'Greek',
  'Cyrillic',
  'Arabic',
  'Thai',
  'Hebrew',
])

class Translator {
  readonly #source: string
  #at = 0
  #captures = 0
  #depth = 0
  /** Alternatives and repetitions so far. */
  #choices = 0

  constructor(source: string) {
    this.#source = source
  }

  get done(): boolean {
    return this.#at >= this.#source.length
  }

  get position(): number {
    return this.#at
  }

  alternatives(ignoreCase: boolean): string {
    if (++this.#depth > 100) throw new PatternProblem('the pattern is nested too deeply')
    let out = ''
    while (!this.done && this.#source[this.#at] !== ')') {
      if (this.#source[this.#at] === '|') {
        out += '|'
        this.#choices++
        this.#at++
      } else out += this.#quantified(ignoreCase)
    }
    this.#depth--
    return out
  }

  #quantified(ignoreCase: boolean): string {
    const choicesBefore = this.#choices
    const atom = this.#atom(ignoreCase)
    // alternatives and repetitions inside the atom
    const ambiguous = this.#choices > choicesBefore
    const quantifier = /^(?:[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\})/.exec(this.#source.slice(this.#at, this.#at + 24))?.[0]
    if (quantifier === undefined) return atom
    this.#at += quantifier.length
    const repeated = atom + (quantifier.startsWith('{,') ? `{0${quantifier.slice(1)}` : quantifier)
    const mark = this.#source[this.#at]
    const possessive = mark === '+' && !quantifier.startsWith('{')
    if (ambiguous && quantifier !== '?' && !possessive)
      throw new PatternProblem('a repeated group that repeats or chooses inside could take exponential time')
    if (quantifier !== '?') this.#choices++
    if (mark === '?') {
      this.#at++
      return `${repeated}?`
    }
    if (mark === '*' || mark === '{') throw new PatternProblem('a repetition is repeated')
    if (mark !== '+') return repeated
    this.#at++
    // behind braces a plus repeats what they repeat
    if (!possessive) return `(?:${repeated})+`
    return this.#atomic(repeated)
  }

  #atomic(body: string): string {
    const name = `atomic${this.#captures++}`
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`
  }

  #atom(ignoreCase: boolean): string {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
    if (character === '(') return this.#group(ignoreCase)
    if (character === '[') return this.#class(ignoreCase)
    if (character === '\\') return this.#escape(outsideClass)
    this.#at += character.length
    if (character === '^') return '(?<=(?<![\\s\\S])|\\n)'
    if (character === '$') return '(?=\\n|(?![\\s\\S]))'
    if (character === '.') return '[^\\n]'
    if (character === '{' || character === '}' || character === ']') return `\\${character}`
    return ignoreCase ? eitherCase(character) : character
  }

  #group(ignoreCase: boolean): string {
    const opening = /^\((?:\?(?:[:=!>]|<[=!]|i:|<[A-Za-z_]\w*>|-?[a-z]*\)?))?/.exec(
      this.#source.slice(this.#at, this.#at + 48),
    )![0]
    this.#at += opening.length
    const inside = ignoreCase || opening === '(?i:'
    if (!['(', '(?:', '(?=', '(?!', '(?<=', '(?<!', '(?>', '(?i:'].includes(opening))
      throw new PatternProblem(`the group ${opening} is not supported`)
    const body = this.alternatives(inside)
    if (this.#source[this.#at] !== ')') throw new PatternProblem('a group is not closed')
    this.#at++
    if (opening === '(?>') return this.#atomic(body)
    // nothing refers to a capture, and splitting must not see any
    return `${opening === '(' || opening === '(?i:' ? '(?:' : opening}${body})`
  }

  #class(ignoreCase: boolean): string {
    if (++this.#depth > 100) throw new PatternProblem('the pattern is nested too deeply')
    this.#at++
    let out = '['
    if (this.#source[this.#at] === '^') {
      out += '^'
      this.#at++
    }
    for (let first = true; this.#source[this.#at] !== ']' || first; first = false) {
      if (this.done) throw new PatternProblem('a character class is not closed')
      out += this.#classMember(ignoreCase)
    }
    this.#at++
    this.#depth--
    return `${out}]`
  }

  #classMember(ignoreCase: boolean): string {
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at)!)
    if (character === '\\') return this.#escape(insideClass)
    if (character === '[' || this.#source.startsWith('&&', this.#at))
      throw new PatternProblem('sets inside character classes are not supported')
    this.#at += character.length
    if (character === '-') return this.#source[this.#at] === ']' || this.#source[this.#at - 2] === '[' ? '\\-' : '-'
    if ('^$\\.*+?()[]{}|/'.includes(character)) return `\\${character}`
    if (ignoreCase && /[A-Za-z]/.test(character)) return character.toLowerCase() + character.toUpperCase()
    return character
  }

  #escape(table: Readonly<Record<string, string>>): string {
    const code = this.#source.codePointAt(this.#at + 1)
    if (code === undefined) throw new PatternProblem('the pattern ends in a backslash')
    const character = String.fromCodePoint(code)
    if (character === 'p' || character === 'P') return this.#property()
    const numeric = /^\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4}))/.exec(
      this.#source.slice(this.#at, this.#at + 12),
    )
    if (numeric) {
      this.#at += numeric[0].length
      return `\\u{${numeric[1] ?? numeric[2] ?? numeric[3]}}`
    }
    this.#at += 1 + character.length
    if (Object.hasOwn(table, character)) return table[character]!
    if ('nrtfv'.includes(character)) return `\\${character}`
    if ('bB'.includes(character) && table === outsideClass) return `\\${character}`
    if (/[A-Za-z0-9]/.test(character)) throw new PatternProblem(`the escape \\${character} is not supported`)
    return '^$\\.*+?()[]{}|/-'.includes(character) && (character !== '-' || table === insideClass)
      ? `\\${character}`
      : character
  }

  #property(): string {
    const match = /^\\([pP])\{(\^?)([A-Za-z_]+)\}/.exec(this.#source.slice(this.#at, this.#at + 48))
    if (!match) throw new PatternProblem('a property is not written as \\p{Name}')
    this.#at += match[0].length
    const negated = (match[1] === 'P') !== (match[2] === '^')
    const name = match[3]!
    return `\\${negated ? 'P' : 'p'}{${scripts.has(name) ? `Script=${name}` : name}}`
  }
}

function eitherCase(character: string): string {
  const lower = character.toLowerCase()
  const upper = character.toUpperCase()
  const plain = '^$\\.*+?()[]{}|/'.includes(character) ? `\\${character}` : character
  if (lower === upper || lower.length !== upper.length) return plain
  return lower === 's' ? '[sS\u017f]' : `[${lower}${upper}]`
}
