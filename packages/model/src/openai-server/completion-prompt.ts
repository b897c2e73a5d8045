/** @file The prompts of a completion: text or ids, one or several, and their log-probabilities. */
import type { ScoreResult } from '../capability/scorer.ts'
import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument } from '../check/check-argument.ts'
import { InvalidArgumentError } from '../errors/invalid-argument-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { ServedRequest } from './served-request.ts'
import type { CompletionToken } from './wire-answer.ts'
import { wireLogprob } from './wire-answer.ts'

/** A prompt as it was given. */
export type CompletionPrompt = string | number[]

/** Reads `prompt`: a string, ids, or a list of either. */
export function readPrompts(served: ServedRequest): CompletionPrompt[] {
  const value = served.fields.any('prompt')
  const allowed = `a string, an array of token ids, or an array of at most ${served.limits.inputs} of either`
  if (typeof value === 'string') return [value]
  checkArgument(Array.isArray(value) && value.length > 0, 'prompt', value, allowed)
  if (value.every(isTokenId)) return [value]
  checkArgument(value.length <= served.limits.inputs, 'prompt', value, allowed)
  return value.map((item: unknown, index) => {
    if (typeof item === 'string') return item
    checkArgument(
      Array.isArray(item) && item.every(isTokenId),
      `prompt[${index}]`,
      item,
      'a string or an array of token ids',
    )
    return item as number[]
  })
}

function isTokenId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32
}

/** The text of a prompt; undefined for ids that are not those which the tokenizer makes of their text. */
export function promptText(
  prompt: CompletionPrompt,
  tokenizer: Tokenizer | undefined,
  name: string,
): string | undefined {
  if (typeof prompt === 'string') return prompt
  const known = requireTokenizer(tokenizer, name)
  const text = known.decode(prompt, { special: 'keep' })
  for (const special of ['none', 'model'] as const) {
    const { ids } = known.encode(text, { special })
    if (ids.length === prompt.length && ids.every((id, index) => id === prompt[index])) return text
  }
  return undefined
}

/** The text to continue. */
export function textToContinue(prompt: CompletionPrompt, tokenizer: Tokenizer | undefined, name: string): string {
  const text = promptText(prompt, tokenizer, name)
  if (text !== undefined) return text
  throw new InvalidArgumentError({
    argument: 'prompt',
    received: prompt,
    allowed: 'text, or ids as the tokenizer splits their text (other ids can be scored, not continued)',
  })
}

/** The ids of a prompt. */
export function promptIds(prompt: CompletionPrompt, tokenizer: Tokenizer | undefined, name: string): number[] {
  return typeof prompt === 'string' ? Array.from(requireTokenizer(tokenizer, name).encode(prompt).ids) : prompt
}

/** The tokenizer, or the refusal. */
export function requireTokenizer(tokenizer: Tokenizer | undefined, name: string): Tokenizer {
  if (!tokenizer)
    throw new UnsupportedCapabilityError({ model: name, capability: 'tokenise: it is served without a tokenizer' })
  return tokenizer
}

/** The log-probabilities of all prompts, in one batch. */
export async function scorePrompts(
  served: ServedRequest,
  prompts: readonly CompletionPrompt[],
  policy?: unknown,
): Promise<ScoreResult[]> {
  const { model, name, signal } = served
  if (!model.scorer) throw new UnsupportedCapabilityError({ model: name, capability: 'score prompts' })
  const requests = prompts.map((prompt) =>
    typeof prompt === 'string'
      ? ({ context: '', continuation: prompt, join: 'text' } as const)
      : ({ context: [], continuation: prompt, join: 'ids' } as const),
  )
  return model.scorer.score(requests, { signal, ...(policy === undefined ? {} : { policy }) })
}

/** The tokens of a prompt with log-probabilities; without alternatives, which a scorer does not give. */
export function promptTokens(score: ScoreResult, tokenizer: Tokenizer): CompletionToken[] {
  return Array.from(score.ids, (id, index) => ({
    token: tokenizer.decode([id], { special: 'keep' }),
    logprob: score.logprobs[index] ?? Number.NaN,
  }))
}

/** vLLM's form: null for the first token, then a map from each token's id to its log-probability and text. */
export function wirePromptLogprobs(score: ScoreResult, tokenizer: Tokenizer): (Record<string, unknown> | null)[] {
  return Array.from(score.ids, (id, index) => {
    const logprob = wireLogprob(score.logprobs[index] ?? Number.NaN)
    if (logprob === null) return null
    return { [id]: { logprob, decoded_token: tokenizer.decode([id], { special: 'keep' }) } }
  })
}
