import { largestDifference } from '@lc/model/testing'
import { expect, test } from 'vitest'
import { loadModel } from '../../local/load-model.ts'
import { nodePlatform } from '../../node-platform/node-platform.ts'
import type { AttentionPattern } from './attention-pattern.ts'
import { plainAttention } from './plain-attention.ts'

const folder = new URL('../../../fixtures/tiny-llama', import.meta.url).pathname
const platform = await nodePlatform({ convertedWeights: 'none' })

/** What the first layer's projections read, as a pattern sees it: of two tokens of a prompt, then of the first again in a step. */
async function hiddenSeen(accuracy: 'exact' | 'fast'): Promise<{ prompt: Float32Array; step: Float32Array }> {
  const seen: Float32Array[] = []
  const watching: AttentionPattern = {
    id: 'watching',
    prefill: 'fused',
    build: (site) => {
      site.output('seen', site.hidden)
      return plainAttention(site)
    },
    fetches: () => ['seen.0'],
    observe: (_, outputs) => {
      seen.push(Float32Array.from(outputs['seen.0']!.data as Float32Array))
    },
  }
  await using model = await loadModel(folder, { platform, device: 'cpu', threads: 1, attention: watching })
  await using session = model.session({ accuracy })
  await session.prefill([5, 6, 5])
  return { prompt: seen[0]!, step: seen[1]! }
}

test('a pattern sees the normed stream as the model means it, whether or not the graph keeps it rotated', async () => {
  const exact = await hiddenSeen('exact')
  const fast = await hiddenSeen('fast')
  expect(largestDifference(exact.prompt.subarray(0, exact.step.length), exact.step)).toBeLessThan(1e-6)
  expect(largestDifference(fast.prompt, exact.prompt)).toBeLessThan(1e-4)
  expect(largestDifference(fast.step, exact.step)).toBeLessThan(1e-4)
})
