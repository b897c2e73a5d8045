import type { TokenClassification, TokenClassifier } from '../capability/token-classifier.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { ContextLengthError } from '../errors/context-length-error.ts'
import { InternalError } from '../errors/internal-error.ts'
import { configName, configNumber, type LoadedModel, type LoadedPair } from './loaded-objects.ts'
import { labelsOf } from './transformers-js-reranker.ts'
import { transformersJsTokenizer } from './transformers-js-tokenizer.ts'

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

  const classifyBatch = async (texts: string[]): Promise<TokenClassification[]> => {
    const inputs = tokenizer(texts, { padding: true, truncation: false })
    const [, length = 0] = inputs.input_ids.dims
    if (contextLength !== undefined && length > contextLength)
      throw new ContextLengthError({ tokens: length, limit: contextLength, model: id })
    const { logits } = await model(inputs)
    if (!logits) throw new InternalError({ invariant: 'a model for token classification gives logits' })
    const ids = Array.from(inputs.input_ids.data as ArrayLike<number | bigint>, Number)
    const rows = Float32Array.from(logits.data as ArrayLike<number>)
    return texts.map((text, index) => {
      const encoding = own.encode(text)
      const first = index * length + indexOfRun(ids.slice(index * length, (index + 1) * length), encoding.ids)
      return {
        ...encoding,
        logits: rows.slice(first * labels.length, (first + encoding.ids.length) * labels.length),
      }
    })
  }
  return {
    id,
    tokenizer: own,
    labels,
    ...(contextLength === undefined ? {} : { contextLength }),
    async classify(texts, { signal, onProgress } = {}) {
      const strings = texts.map((text) => (typeof text === 'string' ? text : own.decode(text)))
      const results: TokenClassification[] = []
      for (let start = 0; start < strings.length; start += batchSize) {
        signal?.throwIfAborted()
        results.push(...(await classifyBatch(strings.slice(start, start + batchSize))))
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

/** Where the tokens of the text start among those of the model, which adds its own around them. */
function indexOfRun(all: readonly number[], run: ArrayLike<number>): number {
  for (let start = 0; start + run.length <= all.length; start++)
    if (Array.from(run).every((id, offset) => all[start + offset] === id)) return start
  throw new InternalError({ invariant: 'the input of the model holds the tokens of the text' })
}
