import type { Reranker } from '../capability/reranker.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { InternalError } from '../errors/internal-error.ts'
import { configName, type LoadedModel, type LoadedPair } from './loaded-objects.ts'

/** How a loaded cross-encoder is used. */
export interface TransformersJsRerankerOptions {
  /** Which label means relevance, for a model with several. Not needed for a model with one. */
  label?: string
  /** Texts per run of the model. Defaults to 16. */
  batchSize?: number
  id?: string
}

/**
 * A loaded cross-encoder of transformers.js (a `text-classification` pipeline, or a tokenizer and a model for sequence
 * classification) as a `Reranker`. The score is the logit of the one label, or the log-odds of the chosen one.
 *
 * @throws InvalidArgumentError when the model has several labels and none of them is chosen.
 */
export function transformersJsReranker(
  { tokenizer, model }: LoadedPair<LoadedModel>,
  options: TransformersJsRerankerOptions = {},
): Reranker {
  const { batchSize = 16 } = options
  checkInteger(batchSize, 'batchSize', { min: 1 })
  const labels = labelsOf(model.config)
  const chosen = options.label === undefined ? 0 : labels.indexOf(options.label)
  checkArgument(
    chosen >= 0 && (options.label !== undefined || labels.length <= 1),
    'label',
    options.label,
    `one of ${labels.join(', ')}`,
  )
  return {
    id: options.id ?? configName(model.config),
    async rank(query, texts, { signal, onProgress } = {}) {
      signal?.throwIfAborted()
      const scores = new Float32Array(texts.length)
      for (let start = 0; start < texts.length; start += batchSize) {
        signal?.throwIfAborted()
        const batch = texts.slice(start, start + batchSize)
        const queries = batch.map(() => query)
        const { logits } = await model(tokenizer(queries, { text_pair: batch, padding: true, truncation: true }))
        if (!logits) throw new InternalError({ invariant: 'a model for sequence classification gives logits' })
        const width = logits.dims.at(-1)!
        const data = logits.data as ArrayLike<number>
        for (const [index] of batch.entries()) scores[start + index] = scoreOf(data, index * width, width, chosen)
        onProgress?.({
          type: 'progress',
          operation: 'rank',
          done: start + batch.length,
          total: texts.length,
          unit: 'passages',
        })
      }
      signal?.throwIfAborted()
      return scores
    },
  }
}

/** The logit itself, or ln(p / (1 - p)) of a softmax over several. */
function scoreOf(logits: ArrayLike<number>, offset: number, width: number, chosen: number): number {
  const own = logits[offset + chosen]!
  if (width === 1) return own
  let largest = Number.NEGATIVE_INFINITY
  for (let label = 0; label < width; label++) if (label !== chosen) largest = Math.max(largest, logits[offset + label]!)
  let others = 0
  for (let label = 0; label < width; label++)
    if (label !== chosen) others += Math.exp(logits[offset + label]! - largest)
  return own - largest - Math.log(others)
}

/** The labels of a classifier, in the order of its logits. */
export function labelsOf(config: object): string[] {
  const names = (config as { id2label?: Record<string, string> | null }).id2label ?? {}
  return Object.keys(names)
    .sort((a, b) => Number(a) - Number(b))
    .map((id) => names[id]!)
}
