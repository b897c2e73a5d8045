/** @file `POST /tokenize` and `POST /detokenize`, in vLLM's form. */
import { checkArgument } from '../check/check-argument.ts'
import { requireTokenizer } from './completion-prompt.ts'
import type { EndpointAnswer, ServedRequest } from './served-request.ts'
import { contextLengthOf, tokenizerOf } from './server-options.ts'

/** Text to ids. */
export async function tokenizeEndpoint(served: ServedRequest): Promise<EndpointAnswer> {
  const { fields, model, name } = served
  const tokenizer = requireTokenizer(tokenizerOf(model), name)
  const prompt = fields.requiredText('prompt')
  const special = (fields.boolean('add_special_tokens') ?? true) ? 'model' : 'none'
  const withTexts = fields.boolean('return_token_strs') ?? false
  fields.finish()
  const tokens = Array.from(tokenizer.encode(prompt, { special }).ids)
  const texts = withTexts ? { token_strs: tokens.map((id) => tokenizer.decode([id], { special: 'keep' })) } : {}
  return { json: { count: tokens.length, max_model_len: contextLengthOf(model) ?? null, tokens, ...texts } }
}

/** Ids to text. */
export async function detokenizeEndpoint(served: ServedRequest): Promise<EndpointAnswer> {
  const { fields, model, name } = served
  const tokenizer = requireTokenizer(tokenizerOf(model), name)
  const tokens = fields.list('tokens', { max: 10_000_000 })
  checkArgument(
    tokens?.every((id) => Number.isInteger(id) && (id as number) >= 0) === true,
    'tokens',
    tokens,
    'an array of token ids',
  )
  fields.finish()
  return { json: { prompt: tokenizer.decode(tokens as number[], { special: 'keep' }) } }
}
