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

const rulesByProvider: { readonly [K in Provider]: (traits: ProviderTraits) => RewriteRules } = {
  cpu: () => ({}),
  webgpu: ({ fusedAttention = 'trusted' }) => webgpuRules(fusedAttention),
  cuda: () => ({}),
  coreml: () => ({}),
  directml: () => ({}),
}

/** The same computation in ops that a provider has kernels for. Unused and repeated nodes go as well. */
export function lowerForProvider(graph: Graph, provider: Provider, traits: ProviderTraits = {}): Graph {
  return rewriteGraph(graph, rulesByProvider[provider](traits))
}
