/** @file Bad input, on every method: typed errors or a result that is true to itself, within its budget, and uses it. */
import type { Passage } from '@lc/model'
import { isLcError } from '@lc/model/errors'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { heatMap } from '../visual/heat-map.ts'
import { hashedWordTokenizer } from './adaptive-scorer.ts'
import { hostileText, someCode } from './arbitrary-text.ts'
import { checkResult } from './check-result.ts'
import { checkUse } from './check-use.ts'
import { everyMethod, type MethodCall, type MethodUnderTest } from './every-method.ts'

const runs = { numRuns: Number(process.env.FC_RUNS ?? 40) }
const words =
  'The red tower of Vorland was built in 1852 by the sea, and the keeper Ada Karlsen lit its lamp every night.'
const prose = `${words} Nobody knew why the lamp was blue. It could be seen from 17 miles. `

function passagesOf(...texts: string[]): Passage[] {
  return texts.map((text, index) => ({ id: `p${index}`, text, source: { uri: `p${index}.txt` }, spans: [] }))
}

function call(tokens: number, changes: Partial<MethodCall> = {}): MethodCall {
  return { budget: { tokens, tokenizer: hashedWordTokenizer }, query: 'who lit the lamp', ...changes }
}

/** Compresses and checks everything that a result claims. */
async function checked(method: MethodUnderTest, passages: Passage[], given: MethodCall): Promise<CompressionResult> {
  const result = await method.compress(passages, given)
  checkResult(result, passages, given.budget)
  checkUse(method, result, passages, given.budget)
  return result
}

const inputs: [string, string[]][] = [
  ['no passage at all', []],
  ['an empty text', ['']],
  ['empty texts', ['', '', '']],
  ['one token', ['tower']],
  ['white space', [' \n\t \n']],
  ['one huge word', ['x'.repeat(20_000)]],
  ['one huge word among others', [`${prose}${'y'.repeat(5000)} ${prose}`]],
  ['a long line of tokens', ['+-'.repeat(3000)]],
  ['emoji', ['🙂👩‍👩‍👧 '.repeat(60)]],
  ['Chinese and Japanese', ['界面很好。我喜欢这座红塔。灯塔在哪里？'.repeat(12), '赤い塔は海のそばにある。'.repeat(9)]],
  ['right to left', ['המגדל האדום נבנה ליד הים. '.repeat(15), 'البرج الأحمر قرب البحر. '.repeat(15)]],
  ['mixed line ends', ['one two\r\nthree four\rfive six\n\n\r\nseven\u2028eight\u0085nine '.repeat(20)]],
  ['NUL and controls', [`${'a\u0000b \u0001 \u001b[31m '.repeat(40)}`]],
  ['lone surrogates', [`${'left \ud800 right \udfff x\ud83dy '.repeat(30)}`]],
  ['the same text three times', [prose, prose, prose]],
  ['a byte-order mark', [`\ufeff${prose.repeat(3)}`]],
]

describe.each(everyMethod.map((method) => [method.name, method] as const))('%s', (name, method) => {
  test.each(inputs)('%s, in any budget', async (_, texts) => {
    const passages = passagesOf(...texts)
    const whole = hashedWordTokenizer.count(texts.join('\n'))
    for (const tokens of new Set([0, 1, 2, 7, Math.floor(whole / 3), Math.max(0, whole - 1), whole + 50])) {
      const result = await checked(method, passages, call(tokens))
      if (tokens === 0) expect(result.text).toBe('')
      if (tokens === 7) expect(heatMap(result)).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/)
      if (tokens >= result.originalTokens) expect(result.units.every(({ state }) => state !== 'part')).toBe(true)
    }
  })

  test('a budget of the size of the input leaves it as it is', async () => {
    const [passage] = passagesOf(prose)
    const result = await checked(method, [passage!], call(hashedWordTokenizer.count(prose)))
    expect(result.text).toBe(prose)
  })

  test('10,000 tiny passages, many of them alike', async () => {
    const passages = passagesOf(...Array.from({ length: 10_000 }, (_, index) => `note ${index % 50}`))
    const result = await checked(method, passages, call(400, { query: 'note 7' }))
    expect(result.tokens).toBeGreaterThan(300)
  })

  test('a question longer than the context', async () => {
    const query = Array.from({ length: 3000 }, (_, index) => `word${index}`).join(' ')
    const result = await checked(
      method,
      passagesOf(prose.repeat(4).replaceAll('. ', '.\n')),
      call(60, { query, contextLength: 256 }),
    )
    expect(result.tokens).toBeGreaterThan(0)
  })

  test('a text longer than the context', async () => {
    const lines = Array.from({ length: 120 }, (_, index) => `Line ${index}: ${words}\n`).join('')
    await checked(method, passagesOf(lines), call(200, { contextLength: 256 }))
  })

  test('passages that share an id are a typed error', async () => {
    const [passage] = passagesOf(prose)
    const failure = await method.compress([passage!, passage!], call(9)).catch((error) => error)
    expect(isLcError(failure) && failure.code).toBe('invalid-argument')
  })

  test('text that breaks things, and code', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(hostileText, someCode), { maxLength: 4 }),
        fc.nat(120),
        fc.oneof(fc.constantFrom('', 'alpha beta', '🙂 界面'), hostileText),
        async (texts, tokens, query) => {
          await checked(method, passagesOf(...texts), call(tokens, { query }))
        },
      ),
      runs,
    )
  })

  test('an id is whole or absent', async () => {
    const hex = fc.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(hex, hex), { minLength: 2, maxLength: 8 }),
        fc.nat(150),
        async (pairs, tokens) => {
          const text = pairs.map(([key, value]) => `The value of ${key} is "${value}".`).join('\n')
          const { text: kept } = await checked(method, passagesOf(text), call(tokens, { query: pairs[1]![0] }))
          const ids = new Set(pairs.flat())
          for (const found of kept.match(/[0-9a-f]+(?:-[0-9a-f]+)+-?/g) ?? []) expect(ids).toContain(found)
          for (const part of kept.match(/[0-9a-f]{12}/g) ?? [])
            expect([...ids].some((id) => kept.includes(id) && id.includes(part))).toBe(true)
        },
      ),
      runs,
    )
  })

  test(`protected text that must stay is in the result, or the error tells a budget that ${name} can keep`, async () => {
    const sentence = fc.constantFrom(
      ...prose.split(/(?<=\. )/),
      'Code 77-b4 opens gate 12.\n',
      'See https://a.bc/d?e=1 for "more".\n',
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(sentence, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 }),
        fc.nat(80),
        async (sentences, tokens) => {
          const passages = passagesOf(...sentences.map((each) => each.join('')))
          const forcedPhrases = ['lamp', 'gate 12']
          const given = call(tokens, { protect: 'require', forcedPhrases })
          const survived = (result: CompressionResult): void => {
            for (const phrase of forcedPhrases)
              expect(result.text.split(phrase).length).toBe(
                passages
                  .map(({ text }) => text)
                  .join('\n')
                  .split(phrase).length,
              )
          }
          const outcome = await checked(method, passages, given).catch((error) => error)
          if (!(outcome instanceof Error)) return survived(outcome)
          expect(outcome, String(outcome)).toMatchObject({ code: 'budget-too-small', budget: tokens })
          const { minimum } = outcome as Error & { minimum: number }
          expect(minimum).toBeGreaterThan(tokens)
          survived(await checked(method, passages, call(minimum, { protect: 'require', forcedPhrases })))
          // what is only preferred stays as long as there is room for it
          survived(await checked(method, passages, call(minimum + (tokens % 9), { forcedPhrases })))
        },
      ),
      runs,
    )
  })
})
