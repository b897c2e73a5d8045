import type { AttentionOps, CacheScale, GroupQueryAttentionAttributes } from '../../graph/op-attributes/attention.ts'
import { contribDomain, type OnnxAttributes } from '../encode-scope.ts'
import { float, integer, type OnnxRules, withAttributes } from './rule.ts'

const scaleNames: { readonly [K in CacheScale]: string } = {
  none: 'NONE',
  'per-tensor': 'PER_TENSOR',
  'per-channel': 'PER_CHANNEL',
}

const scoreCodes = { none: 0, 'before-softmax': 1, 'after-softmax': 2 } as const

/** Attributes that are off are left out, so that providers with fewer of them still take the node. */
function groupQueryAttributes(attributes: GroupQueryAttentionAttributes): OnnxAttributes {
  const { numHeads, kvHeads, scale, softcap, rotary, rotaryInterleaved, localWindow, smoothSoftmax } = attributes
  const { causal, scores, keyScale, valueScale, cacheBits } = attributes
  const quantised = keyScale !== 'none' || valueScale !== 'none'
  return {
    num_heads: integer(numHeads),
    kv_num_heads: integer(kvHeads),
    ...(scale !== undefined && { scale: float(scale) }),
    ...(softcap !== 0 && { softcap: float(softcap) }),
    ...(rotary && { do_rotary: integer(1), rotary_interleaved: integer(rotaryInterleaved) }),
    ...(localWindow >= 0 && { local_window_size: integer(localWindow) }),
    ...(smoothSoftmax && { smooth_softmax: integer(1) }),
    ...(!causal && { causal: integer(0) }),
    ...(scores !== 'none' && { qk_output: integer(scoreCodes[scores]) }),
    ...(quantised && {
      k_quant_type: { string: scaleNames[keyScale] },
      v_quant_type: { string: scaleNames[valueScale] },
      kv_cache_bit_width: integer(cacheBits),
    }),
  }
}

/** Attention ops as ONNX operators. */
export const attentionOnnx = {
  // the present outputs are always named: with a past and without them the CPU kernel gives wrong results
  groupQueryAttention: withAttributes('GroupQueryAttention', groupQueryAttributes, contribDomain),
  multiHeadAttention: (node, scope) => {
    const { numHeads, scale, causal } = node.attributes
    const [query, key, value, bias] = node.inputs.map((input) => scope.nameOf(input))
    const attributes = {
      num_heads: integer(numHeads),
      ...(scale !== undefined && { scale: float(scale) }),
      ...(causal && { unidirectional: integer(1) }),
    }
    const inputs = [query!, key!, value!, '', '', bias ?? '']
    scope.emit('MultiHeadAttention', inputs, [scope.nameOf(node.outputs[0])], attributes, contribDomain)
  },
  rotaryEmbedding: (node, scope) => {
    const { interleaved, numHeads, rotaryDim } = node.attributes
    scope.requireOpset(23)
    scope.emitFor(node, 'RotaryEmbedding', {
      attributes: {
        interleaved: integer(interleaved),
        num_heads: integer(numHeads),
        rotary_embedding_dim: integer(rotaryDim),
      },
    })
  },
} satisfies Pick<OnnxRules, keyof AttentionOps>
