import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../stage/seeded-random.ts'
import { chooseToken, penalise } from './sampling.ts'

const logits = Float64Array.of(-1, -2, -0.5, -4)
const draws = (options: Parameters<typeof chooseToken>[1], count = 400) => {
  const random = seededRandom(3)
  const counts = new Map<number, number>()
  for (let draw = 0; draw < count; draw++) {
    const id = chooseToken(logits, options, random)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

describe('chooseToken', () => {
  test('is the most likely token at temperature 0 and with top-k 1', () => {
    expect([...draws({ temperature: 0 }).keys()]).toEqual([2])
    expect([...draws({ temperature: 3, topK: 1 }).keys()]).toEqual([2])
  })

  test.each([
    [{ temperature: 1, topK: 2 }, [0, 2]],
    [{ temperature: 1, topP: 0.5 }, [2]],
    [{ temperature: 1, topP: 0.6 }, [0, 2]],
    [{ temperature: 1, minP: 0.5 }, [0, 2]],
    [{ temperature: 1, topP: 0 }, [2]],
  ])('%j draws from %j only', (options, expected) => {
    expect([...draws(options).keys()].sort()).toEqual(expected)
  })

  test('draws each token as often as its softmax says', () => {
    const counts = draws({ temperature: 1 }, 4000)
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0)
    for (const [id, logit] of logits.entries()) {
      const probability = Math.exp(logit) / total
      const deviation = Math.sqrt((probability * (1 - probability)) / 4000)
      expect(Math.abs((counts.get(id) ?? 0) / 4000 - probability)).toBeLessThan(4 * deviation)
    }
  })

  test('always gives a token of the vocabulary', () => {
    fc.assert(
      fc.property(
        fc.float64Array({ minLength: 1, maxLength: 8, min: -50, max: 50, noNaN: true }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (values, temperature, topP, draw) => {
          const id = chooseToken(values, { temperature, topP, topK: 3 }, () => draw)
          expect(id).toBeGreaterThanOrEqual(0)
          expect(id).toBeLessThan(values.length)
        },
      ),
    )
  })
})

describe('penalise', () => {
  test('takes the penalties of tokens that occurred', () => {
    const penalised = penalise(Float64Array.of(-1, 1, -1, -1), [0], [1, 1, 2], {
      repetitionPenalty: 2,
      frequencyPenalty: 0.25,
      presencePenalty: 0.5,
    })
    expect(Array.from(penalised)).toEqual([-2, 0.5 - 0.5 - 0.5, -2 - 0.5 - 0.25, -1])
  })
})
