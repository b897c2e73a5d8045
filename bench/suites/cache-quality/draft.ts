/** @file What the model itself says to a prompt, in its fast mode: the draft that `spec-kv` looks ahead with. */
import type { LocalModel } from '@lc/core'

const draftTokens = 64

/** Token ids of a greedy answer to the prompt. */
export async function draftOf(model: LocalModel, prompt: ArrayLike<number>): Promise<Uint32Array> {
  await using session = model.session({ accuracy: 'fast' })
  await session.prefill(prompt)
  const { ids } = await session.decode({ maxTokens: draftTokens, temperature: 0 })
  return ids && ids.length > 0 ? ids : Uint32Array.of(prompt[prompt.length - 1]!)
}
