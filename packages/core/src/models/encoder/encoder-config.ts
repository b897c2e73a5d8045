/** @file What an encoder is, read from its `config.json`: sizes, positions, and the head that it ends in. */
import type { JsonObject } from '@lc/model'
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ConfigReader } from './config-reader.ts'

/** What the last layer's vectors become: vectors, one vector of logits a text, or one a token. */
export type EncoderHead = 'embedding' | 'sequence' | 'tokens'

/** Activations of the feed-forward part, by their names in configurations. */
export type EncoderActivation = 'gelu' | 'gelu-tanh' | 'relu' | 'silu'

/** What all encoders have. E = hiddenSize, H = headCount, D = headDim. */
export interface EncoderSizes {
  readonly modelType: string
  readonly vocabularySize: number
  readonly hiddenSize: number
  readonly intermediateSize: number
  readonly layerCount: number
  readonly headCount: number
  readonly headDim: number
  readonly activation: EncoderActivation
  readonly normEpsilon: number
  /** The longest input in tokens, special ones included. */
  readonly contextLength: number
  /** Id that fills a batch. */
  readonly paddingId: number
  readonly head: EncoderHead
  /** Names of the outputs of a classification head, by index; empty for embeddings. */
  readonly labels: readonly string[]
}

/** BERT and its kin: layer norms after the residual sums, learned positions, token types. */
export interface BertConfig extends EncoderSizes {
  readonly kind: 'bert'
  /** Rows of the position table. */
  readonly positionCount: number
  /** Position of the first token; what comes before is for padding. */
  readonly positionOffset: number
  readonly typeCount: number
  /** Shape of the sequence head: pooler and classifier (BERT), or dense and projection on the first token (RoBERTa). */
  readonly sequenceHead: 'pooler' | 'dense'
}

/** ModernBERT (Warner et al. 2024): norms before, rotary positions, gated feed-forward, local and global layers. */
export interface ModernBertConfig extends EncoderSizes {
  readonly kind: 'modernbert'
  readonly layers: readonly ModernBertLayer[]
  readonly normBias: boolean
  readonly attentionBias: boolean
  readonly mlpBias: boolean
  readonly headBias: boolean
  readonly headActivation: EncoderActivation
  readonly sequencePooling: 'cls' | 'mean'
}

/** How one layer of ModernBERT attends. */
export interface ModernBertLayer {
  /** Tokens within this distance are seen; undefined: all. */
  readonly reach?: number
  readonly ropeTheta: number
}

/** Any encoder. */
export type EncoderConfig = BertConfig | ModernBertConfig

const activations: Readonly<Record<string, EncoderActivation>> = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
}

/** An activation by the name that configurations use. */
export function readActivation(reader: ConfigReader, key: string, fallback = 'gelu'): EncoderActivation {
  const name = reader.choice(key, Object.keys(activations), { default: fallback })
  return activations[name]!
}

/** Sizes that every family names alike. */
export function readEncoderSizes(
  reader: ConfigReader,
): Pick<
  EncoderSizes,
  | 'modelType'
  | 'vocabularySize'
  | 'hiddenSize'
  | 'intermediateSize'
  | 'layerCount'
  | 'headCount'
  | 'headDim'
  | 'paddingId'
  | 'head'
  | 'labels'
> {
  const hiddenSize = reader.integer('hidden_size', { max: 1 << 16 })
  const headCount = reader.integer('num_attention_heads', { max: 1 << 12 })
  if (hiddenSize % headCount !== 0)
    throw new FileFormatError({
      file: 'config.json',
      format: 'config.json',
      problem: `hidden_size (${hiddenSize}) must be a multiple of num_attention_heads (${headCount})`,
    })
  const head = readHead(reader)
  return {
    modelType: String(reader.value('model_type') ?? ''),
    vocabularySize: reader.integer('vocab_size', { max: 1 << 24 }),
    hiddenSize,
    intermediateSize: reader.integer('intermediate_size', { max: 1 << 20 }),
    layerCount: reader.integer('num_hidden_layers', { max: 1 << 10 }),
    headCount,
    headDim: hiddenSize / headCount,
    paddingId: reader.integer('pad_token_id', { default: 0, min: 0 }),
    head,
    labels: head === 'embedding' ? [] : readLabels(reader),
  }
}

/** The head that the class names; a checkpoint without a class, or with a language-model head, gives embeddings. */
function readHead(reader: ConfigReader): EncoderHead {
  const name = reader.strings('architectures')?.[0] ?? ''
  if (name.endsWith('ForTokenClassification')) return 'tokens'
  if (name.endsWith('ForSequenceClassification') || reader.value('lc_pooling') === 'rank') return 'sequence'
  return 'embedding'
}

/** Labels from `id2label`, otherwise as many names as `num_labels` says. */
function readLabels(reader: ConfigReader): readonly string[] {
  const table: JsonObject | undefined = reader.object('id2label')
  if (!table) {
    const count = reader.integer('num_labels', { default: reader.value('lc_pooling') === 'rank' ? 1 : 2, max: 1 << 20 })
    return Array.from({ length: count }, (_, index) => `LABEL_${index}`)
  }
  const count = Object.keys(table).length
  return Array.from({ length: count }, (_, index) => {
    const label = table[String(index)]
    if (typeof label !== 'string')
      throw new FileFormatError({
        file: 'config.json',
        format: 'config.json',
        problem: `id2label must name the labels 0 to ${count - 1}`,
      })
    return label
  })
}
