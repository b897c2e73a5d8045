import { openGroupQueryAttention } from '../composite/open-group-query-attention.ts'
import type { Graph } from '../graph.ts'
import { type FusedAttention, webgpuRules } from './lower-for-webgpu.ts'
import { type RewriteRules, rewriteGraph } from './rewrite-graph.ts'

/** Providers with kernels of their own; the others run on those of the CPU. */
export type Provider = 'cpu' | 'webgpu' | 'cuda' | 'coreml' | 'directml'

/** What is known of a device beyond its kind. */
export interface ProviderTraits {
  /** Whether the fused attention kernel was found right on this device. Defaults to `trusted`. */
  readonly fusedAttention?: FusedAttention
}

/** The fused attention kernel of CUDA takes half precision only. */
const cudaRules: RewriteRules = {
  groupQueryAttention: (inputs, attributes, used) => {
    if (inputs[0]!.dtype !== 'float32') return undefined
    const present = used[1] || used[2] ? 'used' : 'unused'
    const { output, presentKey, presentValue, scores } = openGroupQueryAttention(inputs, attributes, present)
    return [output, presentKey, presentValue, ...(scores ? [scores] : [])]
  },
}

const rulesByProvider: { readonly [K in Provider]: (traits: ProviderTraits) => RewriteRules } = {
  cpu: () => ({}),
  webgpu: ({ fusedAttention = 'trusted' }) => webgpuRules(fusedAttention),
  cuda: () => cudaRules,
  coreml: () => ({}),
  directml: () => ({}),
}

/** The same computation in ops that a provider has kernels for. Unused and repeated nodes go as well. */
export function lowerForProvider(graph: Graph, provider: Provider, traits: ProviderTraits = {}): Graph {
  return rewriteGraph(graph, rulesByProvider[provider](traits))
}
