/** @file What every `Tokenizer` must hold: offsets into the text, counts that agree, special tokens only when asked for. */
import type { Tokenizer } from '../capability/tokenizer.ts'
import { createOnce, type SuiteOptions } from './suite-runner.ts'

/** The tokenizer under test. */
export interface TokenizerSuiteOptions extends SuiteOptions<Tokenizer> {
  /** Further texts to try. */
  samples?: readonly string[]
  /**
   * What decoding gives back. `'exact'`: the text itself (byte-level vocabularies); `'lossy'`: something near it
   * (lower-casing, WordPiece). Defaults to `'exact'`.
   */
  decoding?: 'exact' | 'lossy'
  /**
   * Which characters the spans cover together. Defaults to `'all'`; WordPiece covers `'visible'` ones: no spaces, control
   * characters and combining marks.
   */
  coverage?: 'all' | 'visible' | 'some'
  /** Special-token strings of the vocabulary, such as `<|im_start|>`. */
  specialTokens?: readonly string[]
}

const standardSamples = [
  'The quick brown fox jumps over the lazy dog.',
  '  leading and trailing spaces  ',
  'line one\nline two\r\n\tindented\n\n\n',
  'def f(x):\n    return {"a": [1, 2.5e-3], \'b\': x ** 2}\n',
  'naïve café – “quoted” … ½',
  'Ωμέγα русский עברית العربية हिन्दी',
  '漢字かなカナ한국어',
  '😀 👩‍👩‍👧‍👦 🇩🇪 é e\u0301',
  'nul \u0000 and control \u0007',
  'a'.repeat(300),
  ' ',
]

/** Tests of a tokenizer. */
export function tokenizerSuite(options: TokenizerSuiteOptions): void {
  const { describe, name = 'Tokenizer' } = options
  const get = createOnce(options.create)
  describe(name, () => {
    for (const text of [...standardSamples, ...(options.samples ?? [])]) testText(options, get, text)
    testEdges(options, get)
    testSpecial(options, get)
  })
}

function testText(options: TokenizerSuiteOptions, get: () => Promise<Tokenizer>, text: string): void {
  const { test, expect, decoding = 'exact', coverage = 'all' } = options
  test(`encodes ${JSON.stringify(text.slice(0, 30))} with spans inside the text, and back`, async () => {
    const tokenizer = await get()
    const { ids, spans } = tokenizer.encode(text)
    expect(ids instanceof Uint32Array, 'ids are a Uint32Array').toBe(true)
    expect(spans.length).toBe(ids.length)
    expect(tokenizer.count(text)).toBe(ids.length)
    expect(tokenizer.encode(text), 'a second call gives the same').toEqual({ ids, spans })
    expect(problemOfSpans(spans, text)).toBe('none')
    if (coverage !== 'some') expect(uncovered(spans, text, coverage)).toBe('')
    if (decoding === 'exact') expect(tokenizer.decode(ids)).toBe(text)
    else expect(typeof tokenizer.decode(ids)).toBe('string')
  })
}

function testEdges({ test, expect }: TokenizerSuiteOptions, get: () => Promise<Tokenizer>): void {
  test('has a name', async () => {
    expect((await get()).id.length).toBeGreaterThanOrEqual(1)
  })

  test('the empty text has no tokens, and no tokens are the empty text', async () => {
    const tokenizer = await get()
    expect(tokenizer.encode('').ids.length).toBe(0)
    expect(tokenizer.encode('').spans).toEqual([])
    expect(tokenizer.count('')).toBe(0)
    expect(tokenizer.decode([])).toBe('')
  })

  test('lone surrogates are encoded, with spans inside the text', async () => {
    const tokenizer = await get()
    for (const text of ['\ud800', 'a\udc00b', '\udc00\ud800']) {
      const { ids, spans } = tokenizer.encode(text)
      expect(spans.length).toBe(ids.length)
      expect(spans.every((span) => span.start >= 0 && span.start <= span.end && span.end <= text.length)).toBe(true)
    }
  })

  test('decode takes plain arrays as well as typed ones', async () => {
    const tokenizer = await get()
    const { ids } = tokenizer.encode('plain text')
    expect(tokenizer.decode(Array.from(ids))).toBe(tokenizer.decode(ids))
  })
}

function testSpecial(options: TokenizerSuiteOptions, get: () => Promise<Tokenizer>): void {
  const { test, expect, specialTokens = [] } = options
  for (const special of specialTokens)
    test(`${special} is one token only where special tokens are asked for`, async () => {
      const tokenizer = await get()
      const ordinary = tokenizer.encode(`a ${special} b`).ids
      const model = tokenizer.encode(`a ${special} b`, { special: 'model' }).ids
      expect(ordinary.length - model.length, 'the string takes more tokens as ordinary text').toBeGreaterThanOrEqual(1)
      expect(tokenizer.decode(model).includes(special), 'dropped by default').toBe(false)
      expect(tokenizer.decode(model, { special: 'keep' }).includes(special), 'kept when asked').toBe(true)
      expect(tokenizer.decode(ordinary).includes('b'), 'ordinary text is decoded').toBe(true)
    })
}

function problemOfSpans(spans: readonly { start: number; end: number }[], text: string): string {
  let previous = { start: 0, end: 0 }
  for (const [index, span] of spans.entries()) {
    const where = `span ${index} (${span.start}-${span.end})`
    if (span.start < 0 || span.start > span.end || span.end > text.length) return `${where} is outside the text`
    if (span.start < previous.start || span.end < previous.end) return `${where} goes back`
    if (isInsidePair(text, span.start) || isInsidePair(text, span.end)) return `${where} cuts a surrogate pair`
    previous = span
  }
  return 'none'
}

function isInsidePair(text: string, offset: number): boolean {
  return offset > 0 && /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(offset - 1, offset + 1))
}

function uncovered(
  spans: readonly { start: number; end: number }[],
  text: string,
  coverage: 'all' | 'visible',
): string {
  const covered = new Uint8Array(text.length)
  for (const span of spans) covered.fill(1, span.start, span.end)
  const missing = Array.from({ length: text.length }, (_, at) => (covered[at] ? '' : text[at]!)).join('')
  return coverage === 'all' ? missing : missing.replace(/[\s\p{C}\p{Mn}]/gu, '')
}
