/** @file `POST /v1/embeddings`. */
import type { Embedder } from '../capability/embedder.ts'
import { checkArgument, checkOneOf } from '../check/check-argument.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import { requireTokenizer } from './completion-prompt.ts'
import { harmlessFields } from './sampling-fields.ts'
import type { EndpointAnswer, ServedRequest } from './served-request.ts'
import { tokenizerOf } from './server-options.ts'

/** Embeds texts; vectors as numbers or as base64 of little-endian float32. */
export async function embeddingsEndpoint(served: ServedRequest): Promise<EndpointAnswer> {
  const { fields, model, name, signal } = served
  const embedder: Embedder | undefined = model.embedder
  if (!embedder) throw new UnsupportedCapabilityError({ model: name, capability: 'embed' })
  const texts = readInputs(served)
  const format = checkOneOf(fields.text('encoding_format') ?? 'float', 'encoding_format', ['float', 'base64'])
  const kind = checkOneOf(fields.text('input_type') ?? 'document', 'input_type', ['query', 'document'])
  const dimensions = fields.integer('dimensions', { min: 1 })
  checkArgument(
    dimensions === undefined || dimensions === embedder.dimensions,
    'dimensions',
    dimensions,
    `${embedder.dimensions}, the only size of this model`,
  )
  fields.finish(harmlessFields)
  const vectors = await embedder.embed(texts, { kind, signal })
  const data = vectors.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: format === 'float' ? Array.from(vector) : toBase64(vector),
  }))
  const tokenizer = tokenizerOf(model)
  const tokens = tokenizer ? texts.reduce((sum, text) => sum + tokenizer.count(text), 0) : 0
  return { json: { object: 'list', data, model: name, usage: { prompt_tokens: tokens, total_tokens: tokens } } }
}

function readInputs(served: ServedRequest): string[] {
  const value = served.fields.any('input')
  const allowed = `a string, token ids, or an array of 1 to ${served.limits.inputs} of either`
  if (typeof value === 'string') return [value]
  checkArgument(Array.isArray(value) && value.length > 0, 'input', value, allowed)
  const items: unknown[] = value.every((item) => typeof item === 'number') ? [value] : value
  checkArgument(items.length <= served.limits.inputs, 'input', value, allowed)
  return items.map((item, index) => {
    if (typeof item === 'string') return item
    const ids = Array.isArray(item) && item.every((id) => Number.isInteger(id) && id >= 0)
    checkArgument(ids, `input[${index}]`, item, 'a string or an array of token ids')
    return requireTokenizer(tokenizerOf(served.model), served.name).decode(item as number[])
  })
}

function toBase64(vector: Float32Array): string {
  const view = new DataView(new ArrayBuffer(vector.length * 4))
  for (const [index, value] of vector.entries()) view.setFloat32(index * 4, value, true)
  const bytes = new Uint8Array(view.buffer)
  let binary = ''
  for (let start = 0; start < bytes.length; start += 8192)
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192))
  return btoa(binary)
}
