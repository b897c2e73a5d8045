/** @file The loop of generation: logits in, tokens out, until an end token, a limit, or a constraint says stop. */
import type { TokenLogprob } from '@lc/model'
import { InternalError } from '@lc/model/errors'
import type { LocalTokenizer } from '../tokenizer/local-tokenizer.ts'
import type { GenerationSettings } from './generation-settings.ts'
import { Penalties } from './penalties.ts'
import { greedyToken, sampleToken } from './sampler.ts'
import type { TokenConstraint } from './token-constraint.ts'
import { tokenLogprob } from './token-logprobs.ts'

/** A generated token. */
export interface GeneratedToken {
  readonly id: number
  readonly logprob?: TokenLogprob
}

/** What a generation works with. */
export interface GenerateTokensInput {
  readonly prompt: ArrayLike<number>
  readonly settings: GenerationSettings
  readonly tokenizer: LocalTokenizer
  readonly endTokens: ReadonlySet<number>
  /** The most tokens to give. */
  readonly limit: number
  readonly random: () => number
  readonly constraint?: TokenConstraint | undefined
  /** The logits of what follows: of the prompt first, then after each token. The array may be changed. */
  next(id?: number): Promise<Float32Array>
  /** Chooses in place of the sampler where it can; not asked where there is a constraint. */
  choose?(logits: Float32Array, random: () => number): number | undefined
}

/** Gives tokens and finally why they ended; end tokens are not given. */
export async function* generateTokens(
  input: GenerateTokensInput,
): AsyncGenerator<GeneratedToken, 'stop' | 'length', undefined> {
  const { settings, tokenizer, endTokens, constraint } = input
  const penalties = new Penalties(settings.penalties, Array.from(input.prompt))
  let logits = await input.next()
  for (let count = 0; count < input.limit; ) {
    const own = settings.logprobs === undefined ? logits : logits.slice()
    penalties.apply(logits)
    const id = chooseToken(logits, input)
    if (endTokens.has(id)) return 'stop'
    penalties.add(id)
    constraint?.push(tokenizer.bytesOf(id))
    count++
    const { logprobs } = settings
    yield logprobs === undefined ? { id } : { id, logprob: tokenLogprob(own, id, logprobs, tokenizer) }
    if (constraint?.finished) return 'stop'
    // the logits after the last token would be for nothing
    if (count < input.limit) logits = await input.next(id)
  }
  return 'length'
}

/** Draws until the constraint agrees; a refused token is out for this step. */
function chooseToken(logits: Float32Array, input: GenerateTokensInput): number {
  const { settings, endTokens, constraint, random } = input
  const chosen = constraint ? undefined : input.choose?.(logits, random)
  if (chosen !== undefined) return chosen
  for (let refused = 0; ; refused++) {
    // after many refusals all tokens are asked at once
    if (refused === mostRefusals) maskRefused(logits, input)
    const id = sampleToken(logits, settings.sampler, random)
    if (id < 0) {
      // nothing can follow: better an end than a loop
      const end = [...endTokens][0]
      if (end !== undefined) return end
      throw new InternalError({ invariant: `some token can follow (largest logit at ${greedyToken(logits)})` })
    }
    if (!constraint || isAllowed(id, input)) return id
    logits[id] = Number.NEGATIVE_INFINITY
  }
}

const mostRefusals = 32

function maskRefused(logits: Float32Array, input: GenerateTokensInput): void {
  for (let id = 0; id < logits.length; id++)
    if (logits[id]! > Number.NEGATIVE_INFINITY && !isAllowed(id, input)) logits[id] = Number.NEGATIVE_INFINITY
}

function isAllowed(id: number, { constraint, endTokens, tokenizer }: GenerateTokensInput): boolean {
  if (!constraint) return true
  if (endTokens.has(id)) return constraint.complete
  const bytes = tokenizer.bytesOf(id)
  return bytes.length > 0 && constraint.allows(bytes)
}
