import type { TextOrIds } from '../capability/scorer.ts'
import type { TokenClassification, TokenClassifier } from '../capability/token-classifier.ts'
import type { Encoding, Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { ContextLengthError } from '../errors/context-length-error.ts'
import { InternalError } from '../errors/internal-error.ts'
import { configName, configNumber, type LoadedModel, type LoadedPair } from './loaded-objects.ts'
import { modelInputs, specialFrame } from './model-inputs.ts'
import { labelsOf } from './transformers-js-reranker.ts'
import { transformersJsTokenizer } from './transformers-js-tokenizer.ts'

/** How a loaded token classifier is used. */
export interface TransformersJsTokenClassifierOptions {
  /** Texts per run of the model. Defaults to 8. */
  batchSize?: number
  /** The longest input in tokens. Defaults to what the model's configuration tells. */
  contextLength?: number
  id?: string
}

/**
 * A loaded `token-classification` pipeline of transformers.js (or a tokenizer and a model) as a `TokenClassifier`. Rows
 * of the model's own begin and end tokens are left out: there is one row for each token of the text.
 *
 * @throws InvalidArgumentError when the configuration has no labels.
 */
export function transformersJsTokenClassifier(
  { tokenizer, model }: LoadedPair<LoadedModel>,
  options: TransformersJsTokenClassifierOptions = {},
): TokenClassifier {
  const { batchSize = 8 } = options
  checkInteger(batchSize, 'batchSize', { min: 1 })
  const labels = labelsOf(model.config)
  checkArgument(labels.length > 0, 'model', model.config, 'a model with labels (id2label)')
  const id = options.id ?? configName(model.config)
  const contextLength = options.contextLength ?? configNumber(model.config, 'max_position_embeddings')
  const own = transformersJsTokenizer(tokenizer, { id })

  const frame = specialFrame(tokenizer)

  const classifyBatch = async (encodings: readonly Encoding[]): Promise<TokenClassification[]> => {
    const inputs = modelInputs(
      tokenizer,
      encodings.map(({ ids }) => [...frame.before, ...ids, ...frame.after]),
    )
    const [, length = 0] = inputs.input_ids.dims
    if (contextLength !== undefined && length > contextLength)
      throw new ContextLengthError({ tokens: length, limit: contextLength, model: id })
    const { logits } = await model(inputs)
    if (!logits) throw new InternalError({ invariant: 'a model for token classification gives logits' })
    const rows = Float32Array.from(logits.data as ArrayLike<number>)
    return encodings.map((encoding, index) => {
      const first = index * length + frame.before.length
      return { ...encoding, logits: rows.slice(first * labels.length, (first + encoding.ids.length) * labels.length) }
    })
  }
  return {
    id,
    tokenizer: own,
    labels,
    ...(contextLength === undefined ? {} : { contextLength }),
    async classify(texts, { signal, onProgress } = {}) {
      const encodings = texts.map((text) => encodeInput(own, text))
      const results: TokenClassification[] = []
      for (let start = 0; start < encodings.length; start += batchSize) {
        signal?.throwIfAborted()
        results.push(...(await classifyBatch(encodings.slice(start, start + batchSize))))
        onProgress?.({
          type: 'progress',
          operation: 'classify',
          done: results.length,
          total: texts.length,
          unit: 'passages',
        })
      }
      signal?.throwIfAborted()
      return results
    },
  }
}

function encodeInput(tokenizer: Tokenizer, input: TextOrIds): Encoding {
  if (typeof input === 'string') return tokenizer.encode(input)
  const ids = Uint32Array.from(input)
  const { ids: again, spans } = tokenizer.encode(tokenizer.decode(ids, { special: 'keep' }))
  const same = again.length === ids.length && again.every((id, index) => id === ids[index])
  // ids that the text would not give again have no place in it
  return { ids, spans: same ? spans : Array.from(ids, () => ({ start: 0, end: 0 })) }
}
