import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { StreamPart } from '../capability/language-model.ts'
import { cutChoice, cutParts } from './stop-text.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 })

test('however the text is cut into parts, it ends before the stop string that is complete first', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { maxLength: 12 }),
      fc.array(word, { minLength: 1, maxLength: 3 }),
      async (deltas, stops) => {
        const whole = deltas.join('')
        // the shortest beginning of the text that holds a stop string, without the longest one at its end
        const prefixes = Array.from({ length: whole.length + 1 }, (_, length) => whole.slice(0, length))
        const met = prefixes.find((prefix) => stops.some((stop) => prefix.endsWith(stop)))
        const longest = Math.max(0, ...stops.filter((stop) => met?.endsWith(stop)).map((stop) => stop.length))
        const expected = met === undefined ? whole : met.slice(0, met.length - longest)
        expect(cutChoice({ text: whole, finishReason: 'length' }, stops).text).toBe(expected)

        async function* parts(): AsyncGenerator<StreamPart> {
          for (const text of deltas) yield { type: 'text-delta', text }
          yield { type: 'finish', finishReason: 'length', usage: { promptTokens: 1, completionTokens: 1 } }
        }
        let text = ''
        let reason = ''
        for await (const part of cutParts(parts(), stops)) {
          if (part.type === 'text-delta') text += part.text
          if (part.type === 'finish') reason = part.finishReason
        }
        expect(text).toBe(expected)
        expect(reason).toBe(met === undefined ? 'length' : 'stop')
      },
    ),
  )
})

test('log-probabilities of tokens after the stop string go with them', () => {
  const logprobs = ['on', 'e tw', 'o th', 'ree'].map((token) => ({ token, logprob: -1 }))
  const cut = cutChoice({ text: 'one two three', finishReason: 'length', logprobs, ids: Uint32Array.of(1, 2, 3, 4) }, [
    'two',
  ])
  expect(cut).toEqual({ text: 'one ', finishReason: 'stop', logprobs: logprobs.slice(0, 2) })
})
