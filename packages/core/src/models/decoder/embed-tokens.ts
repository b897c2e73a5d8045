import { multiply } from '../../graph/ops/elementwise.ts'
import { gather } from '../../graph/ops/gather.ts'
import { matMul } from '../../graph/ops/matmul.ts'
import { gatherBlockQuantized } from '../../graph/ops/quantised.ts'
import type { Value } from '../../graph/value.ts'
import type { DecoderScope } from './decoder-scope.ts'
import type { LinearForm } from './linear-form.ts'

/** Rows of the embedding table, scaled and rotated as the stream wants them. Gives `[..., E]` for ids of any shape. */
export function embedTokens(scope: DecoderScope, ids: Value, form: LinearForm): Value {
  const { vocabularySize, hiddenSize, embeddingScale } = scope.config
  const source = 'model.embed_tokens.weight'
  let x: Value
  if (form.kind === 'packed') {
    const { bits, blockSize, quantise } = form
    const weight = (part: 'data' | 'scales', dtype: 'uint8' | 'float32', columns: number): Value => {
      const recipe = { kind: 'packed', sources: [source], part, quantise } as const
      return scope.weight(`${source}.packed.rows.${part}`, dtype, [vocabularySize, columns], recipe)
    }
    const data = weight('data', 'uint8', (hiddenSize * bits) / 8)
    x = gatherBlockQuantized(data, ids, weight('scales', 'float32', hiddenSize / blockSize), { bits, blockSize })
  } else x = gather(scope.plain(source, [vocabularySize, hiddenSize]), ids, { axis: 0 })
  if (embeddingScale !== 1) x = multiply(x, embeddingScale)
  return scope.rotated ? matMul(x, scope.rotation()) : x
}
