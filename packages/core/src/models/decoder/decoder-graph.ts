/** @file The graph of a decoder: new tokens in, hidden states out, the cache a plain input; everything inside can be fetched. */
import { checkInteger } from '@lc/model/check'
import { addDimensions } from '../../graph/dimension.ts'
import { Graph } from '../../graph/graph.ts'
import { concat, expand } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { AttentionMode } from './attention-mode.ts'
import { type AttentionPattern, fullAttention } from './attention-pattern.ts'
import type { AttentionSite } from './attention-site.ts'
import type { DecoderConfig } from './decoder-config.ts'
import { decoderLayer, type LayerContext, norm, plainStream, type RotaryTables, type Stream } from './decoder-layer.ts'
import { DecoderScope } from './decoder-scope.ts'
import { embedTokens } from './embed-tokens.ts'
import { headLogits } from './head-graph.ts'
import type { ChooseForm, LinearForm } from './linear-form.ts'
import { type PastForm, pastInputs } from './past-inputs.ts'
import { plainAttention } from './plain-attention.ts'
import type { DecoderGraph } from './weight-recipe.ts'

/** Options of `buildDecoderGraph`. */
export interface DecoderGraphOptions {
  /** Defaults to `fused`. */
  readonly mode?: AttentionMode
  /** Defaults to `fullAttention`. */
  readonly attention?: AttentionPattern
  /** Which of the pattern's graphs. Defaults to the one without a name. */
  readonly variant?: string
  /** How linear layers are computed. Defaults to float32 weights by their Hugging Face names. */
  readonly choose?: ChooseForm
  /** How the embedding table is read. Defaults to float32. */
  readonly embedding?: LinearForm
  /** Keep the residual stream rotated, for int8 activations; see `rotationMatrix`. Defaults to false. */
  readonly rotated?: boolean
  /** In steps, one input `bias` for all layers instead of one each: for caches whose heads are alike. Defaults to false. */
  readonly sharedBias?: boolean
  /** How the cache is given. Defaults to float32, all layers alike. */
  readonly past?: PastForm
  /** Build only the first layers. Defaults to all. */
  readonly layers?: number
  /** Add the output head, and with it the output `logits`. Defaults to false. */
  readonly head?: boolean
}

/** What a step gives of all layers at once, by what other runs give of each: a layer's part comes after those of the layers before. */
export const stepOutputs = { query: 'queries', key: 'keys', value: 'values', stream: 'streams' } as const

type StepOutput = keyof typeof stepOutputs

const plainPast: PastForm = { format: 'float32', layout: 'alike' }

const float32Everywhere: ChooseForm = () => ({ kind: 'float32' })

/** Whether the stream of a decoder can be kept rotated: not where a norm with weights stands before the residual sum. */
export function canRotate(config: DecoderConfig): boolean {
  return config.norms === 'pre'
}

/**
 * The graph of a decoder.
 *
 * Inputs: `ids` int64 `[B, T]` (a step: `[1]`); per kind of rotation `cos.<kind>` and `sin.<kind>` `[B, T, R/2]`; per layer the
 * cache as in `pastInputs`; `lastIndex` and `totalLength` (fused) or `bias.<l>` (open, step;
 * or one `bias`).
 *
 * Outputs: `hidden` (after the final norm), per layer `key.<l>`, `value.<l>`, `query.<l>` (rotated) and, unless the stream is
 * rotated, `stream.<l>` (what entered the layer); `logits` with a head. Shapes are `[B, T, ...]`, in a step rows are one. A step
 * gives those of all layers one after the other, by the names of `stepOutputs`: each output of a run has its price.
 */
export function buildDecoderGraph(config: DecoderConfig, options: DecoderGraphOptions = {}): DecoderGraph {
  const { mode = 'fused', attention = fullAttention, choose = float32Everywhere, rotated = false } = options
  const count = checkInteger(options.layers ?? config.layers.length, 'layers', { min: 1, max: config.layers.length })
  const graph = new Graph(`${config.modelType} ${mode}`)
  const scope = new DecoderScope(graph, config, { choose, rotated })
  const ids = graph.input('ids', 'int64', mode === 'step' ? [1] : mode === 'open' ? [1, 'T'] : ['B', 'T'])
  const rotary = rotaryInputs(scope, mode)
  const shared = sharedInputs(scope, mode, options.sharedBias ?? false)
  const named = options.variant === undefined ? {} : { variant: options.variant }
  const form = options.past ?? plainPast
  let stream: Stream = { sum: embedTokens(scope, ids, options.embedding ?? { kind: 'float32' }) }
  const joined: Record<StepOutput, Value[]> = { query: [], key: [], value: [], stream: [] }
  const give = (kind: StepOutput, layer: number, value: Value): void => {
    if (mode === 'step') joined[kind].push(value)
    else graph.output(`${kind}.${layer}`, value)
  }
  for (let layer = 0; layer < count; layer++) {
    const attend: LayerContext['attend'] = (query, key, value, hidden) => {
      const site = attentionSite(scope, form, { layer, mode, query, key, value, ...named, ...shared }, hidden)
      give('query', layer, query)
      give('key', layer, key)
      give('value', layer, value)
      return (attention.build ?? plainAttention)(site)
    }
    const rope = config.layers[layer]!.rope
    const context = { layer, mode, attend, rotary: rope === undefined ? undefined : rotary[rope]! }
    const { next, found } = decoderLayer(scope, stream, context)
    if (!rotated) give('stream', layer, found)
    stream = next
  }
  for (const kind of Object.keys(joined) as StepOutput[])
    if (joined[kind].length > 0) graph.output(stepOutputs[kind], concat(joined[kind], { axis: 0 }))
  const hidden = finalHidden(scope, stream)
  graph.output('hidden', hidden)
  if (options.head) graph.output('logits', headLogits(scope, hidden))
  return { graph, recipes: scope.recipes }
}

function rotaryInputs(scope: DecoderScope, mode: AttentionMode): Record<string, RotaryTables> {
  const used = new Set(scope.config.layers.map((layer) => layer.rope))
  const tables: Record<string, RotaryTables> = {}
  for (const [kind, rope] of Object.entries(scope.config.ropes)) {
    if (!used.has(kind)) continue
    const half = rope.rotaryDim / 2
    const shape = mode === 'step' ? [1, 1, half] : mode === 'open' ? [1, 'T', half] : ['B', 'T', half]
    const cos = scope.graph.input(`cos.${kind}`, 'float32', shape)
    const sin = scope.graph.input(`sin.${kind}`, 'float32', shape)
    tables[kind] = mode === 'step' ? perHead(cos, sin) : () => ({ cos, sin })
  }
  return tables
}

/** The tables of the one token of a step for queries and for keys, each made once for all layers. */
function perHead(cos: Value, sin: Value): RotaryTables {
  const made = new Map<string, ReturnType<RotaryTables>>()
  return ([groups, heads]) => {
    const known = made.get(`${groups} ${heads}`)
    if (known) return known
    const shape = [groups!, heads!, cos.shape[2]!]
    const tables = { cos: expand(cos, shape), sin: expand(sin, shape) }
    made.set(`${groups} ${heads}`, tables)
    return tables
  }
}

function sharedInputs(
  { graph, config }: DecoderScope,
  mode: AttentionMode,
  sharedBias: boolean,
): Pick<SiteFields, 'lastIndex' | 'totalLength' | 'bias'> {
  if (mode === 'step' && sharedBias) return { bias: graph.input('bias', 'float32', [config.kvHeads, 1, 'C']) }
  if (mode !== 'fused') return {}
  return { lastIndex: graph.input('lastIndex', 'int32', ['B']), totalLength: graph.input('totalLength', 'int32', []) }
}

/** After the final norm, turned back where the stream is rotated. */
export function finalHidden(scope: DecoderScope, stream: Stream): Value {
  const name = 'model.norm.weight'
  return plainStream(scope, norm(scope, stream, name).output, name)
}

interface SiteFields {
  readonly layer: number
  readonly mode: AttentionMode
  readonly variant?: string
  readonly query: Value
  readonly key: Value
  readonly value: Value
  readonly lastIndex?: Value
  readonly totalLength?: Value
  readonly bias?: Value
}

function attentionSite(scope: DecoderScope, form: PastForm, fields: SiteFields, hidden: () => Value): AttentionSite {
  const { graph, config } = scope
  const { layer, mode } = fields
  const { kvHeads } = config
  const past = pastInputs({ ...form, graph, config, layer, mode })
  const window = config.layers[layer]!.window
  const bias = mode === 'step' ? [kvHeads, 1, past.slots] : [kvHeads, 'T', addDimensions(past.slots, 'T')]
  return {
    ...fields,
    graph,
    config,
    past,
    get hidden() {
      return hidden()
    },
    get pastKey() {
      return past.key()
    },
    get pastValue() {
      return past.value()
    },
    ...(window !== undefined && { window }),
    ...(mode !== 'fused' && !fields.bias && { bias: graph.input(`bias.${layer}`, 'float32', bias) }),
    input: (name, dtype, shape) => graph.input(`${name}.${layer}`, dtype, shape),
    output: (name, value) => graph.output(`${name}.${layer}`, value),
  }
}
