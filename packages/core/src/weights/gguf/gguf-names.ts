/**
 * @file GGUF tensor names to Hugging Face names, by architecture (the name map of the gguf package, in reverse).
 * A layer's tensors are `blk.{i}.{part}.weight` or `.bias`.
 */

interface NameMap {
  readonly global: Readonly<Record<string, string>>
  /** Prefix of a layer, ending in its number. */
  readonly layer: string
  readonly parts: Readonly<Record<string, string>>
}

const decoderParts = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
}

const decoderGlobal = { token_embd: 'model.embed_tokens', output_norm: 'model.norm', output: 'lm_head' }

const llamaNames: NameMap = { global: decoderGlobal, layer: 'model.layers.', parts: decoderParts }

const gemmaNames: NameMap = {
  ...llamaNames,
  parts: {
    ...decoderParts,
    ffn_norm: 'pre_feedforward_layernorm',
    post_attention_norm: 'post_attention_layernorm',
    post_ffw_norm: 'post_feedforward_layernorm',
  },
}

const phiNames: NameMap = {
  ...llamaNames,
  parts: { ...decoderParts, attn_qkv: 'self_attn.qkv_proj', ffn_up: 'mlp.gate_up_proj' },
}

const bertNames: NameMap = {
  global: {
    token_embd: 'embeddings.word_embeddings',
    token_types: 'embeddings.token_type_embeddings',
    position_embd: 'embeddings.position_embeddings',
    token_embd_norm: 'embeddings.LayerNorm',
    cls: 'classifier.dense',
    'cls.output': 'classifier.out_proj',
  },
  layer: 'encoder.layer.',
  parts: {
    attn_q: 'attention.self.query',
    attn_k: 'attention.self.key',
    attn_v: 'attention.self.value',
    attn_output: 'attention.output.dense',
    attn_output_norm: 'attention.output.LayerNorm',
    ffn_up: 'intermediate.dense',
    ffn_down: 'output.dense',
    layer_output_norm: 'output.LayerNorm',
  },
}

const modernBertNames: NameMap = {
  global: {
    token_embd: 'embeddings.tok_embeddings',
    token_embd_norm: 'embeddings.norm',
    output_norm: 'final_norm',
    cls: 'head.dense',
    'cls.norm': 'head.norm',
    'cls.output': 'classifier',
  },
  layer: 'layers.',
  parts: {
    attn_norm: 'attn_norm',
    attn_qkv: 'attn.Wqkv',
    attn_output: 'attn.Wo',
    ffn_norm: 'mlp_norm',
    ffn_up: 'mlp.Wi',
    ffn_down: 'mlp.Wo',
  },
}

const maps: Readonly<Record<string, NameMap>> = {
  llama: llamaNames,
  smollm3: llamaNames,
  mistral3: llamaNames,
  qwen2: llamaNames,
  qwen3: llamaNames,
  gemma3: gemmaNames,
  phi3: phiNames,
  bert: bertNames,
  'modern-bert': modernBertNames,
}

/** The architectures (`general.architecture`) whose tensors have names here. */
export const ggufArchitectures: readonly string[] = Object.keys(maps)

/** The Hugging Face name of a GGUF tensor; undefined when it is not a weight of the model, such as `rope_freqs.weight`. */
export function huggingFaceName(architecture: string, name: string): string | undefined {
  const map = Object.hasOwn(maps, architecture) ? maps[architecture] : undefined
  const match = /^(?:blk\.(\d+)\.)?(.+)\.(weight|bias)$/.exec(name)
  if (!map || !match) return undefined
  const [, layer, part, kind] = match as unknown as [string, string | undefined, string, string]
  const table = layer === undefined ? map.global : map.parts
  if (!Object.hasOwn(table, part)) return undefined
  return layer === undefined ? `${table[part]}.${kind}` : `${map.layer}${layer}.${table[part]}.${kind}`
}

/** Architectures whose files hold q and k with the two halves of each head interleaved. */
const interleaved: ReadonlySet<string> = new Set(['llama', 'smollm3', 'mistral3'])

/** Which projection a tensor is, where its rows have to be put back into the half-split order. */
export function interleavedProjection(architecture: string, name: string): 'q' | 'k' | undefined {
  if (!interleaved.has(architecture)) return undefined
  const match = /^blk\.\d+\.attn_(q|k)\.(?:weight|bias)$/.exec(name)
  return match ? (match[1] as 'q' | 'k') : undefined
}

/** Whether a tensor is a Gemma norm weight, which GGUF files hold with 1 added. */
export function isShiftedNorm(architecture: string, name: string): boolean {
  return architecture === 'gemma3' && /norm\.weight$/.test(name)
}
