/** @file What an encoder is, read from its `config.json`: sizes, positions, and the head that it ends in. */
import type { ConfigReader } from '../read-config.ts'
import type { RopeConfig } from '../rope/rope-config.ts'

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
  /** Rotary positions of global and of local layers. */
  readonly ropes: Readonly<Record<ModernBertRope, RopeConfig>>
  readonly normBias: boolean
  readonly attentionBias: boolean
  readonly mlpBias: boolean
  readonly headBias: boolean
  readonly headActivation: EncoderActivation
  readonly sequencePooling: 'cls' | 'mean'
}

/** Which rotary positions a layer uses. */
export type ModernBertRope = 'global' | 'local'

/** How one layer of ModernBERT attends. */
export interface ModernBertLayer {
  /** Tokens within this distance are seen; undefined: all. */
  readonly reach?: number
  readonly rope: ModernBertRope
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
export function readActivation(reader: ConfigReader, field: string): EncoderActivation {
  const name = reader.string(field, 'gelu')
  if (Object.hasOwn(activations, name)) return activations[name]!
  throw reader.problem(field, name, `one of ${Object.keys(activations).join(', ')}`)
}

/** A token id, which may be 0. */
export function readId(reader: ConfigReader, field: string, fallback: number): number {
  const value = reader.number(field, fallback)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw reader.problem(field, value, 'a whole number >= 0')
}

/** Fields that every family names alike. */
export type SharedSizes = Omit<EncoderSizes, 'activation' | 'normEpsilon' | 'contextLength'>

/** Sizes, padding and head of any encoder. */
export function readEncoderSizes(reader: ConfigReader, defaultPadding: number): SharedSizes {
  const hiddenSize = reader.size('hidden_size')
  const headCount = reader.size('num_attention_heads')
  if (hiddenSize % headCount !== 0) throw reader.problem('num_attention_heads', headCount, `a divisor of ${hiddenSize}`)
  const head = readHead(reader)
  return {
    modelType: reader.string('model_type', 'bert'),
    vocabularySize: reader.size('vocab_size'),
    hiddenSize,
    intermediateSize: reader.size('intermediate_size'),
    layerCount: readLayerCount(reader),
    headCount,
    headDim: hiddenSize / headCount,
    paddingId: readId(reader, 'pad_token_id', defaultPadding),
    head,
    labels: head === 'embedding' ? [] : readLabels(reader),
  }
}

/** Bounded further than other sizes: each layer becomes nodes of a graph. */
function readLayerCount(reader: ConfigReader): number {
  const count = reader.size('num_hidden_layers')
  if (count <= 1024) return count
  throw reader.problem('num_hidden_layers', count, 'a whole number from 1 to 1024')
}

/** The head that the class names; a checkpoint without a class, or with a language-model head, gives embeddings. */
function readHead(reader: ConfigReader): EncoderHead {
  const names = reader.config.architectures
  const name = Array.isArray(names) && typeof names[0] === 'string' ? names[0] : ''
  if (name.endsWith('ForTokenClassification')) return 'tokens'
  if (name.endsWith('ForSequenceClassification') || isReranker(reader)) return 'sequence'
  return 'embedding'
}

/** GGUF files of rerankers say so by their pooling. */
function isReranker(reader: ConfigReader): boolean {
  return reader.config.lc_pooling === 'rank'
}

/** Labels from `id2label`, otherwise as many names as `num_labels` says. */
function readLabels(reader: ConfigReader): readonly string[] {
  const table = reader.object('id2label')
  if (!table) {
    const count = reader.size('num_labels', isReranker(reader) ? 1 : 2)
    return Array.from({ length: count }, (_, index) => `LABEL_${index}`)
  }
  const { config } = table
  return Object.keys(config).map((_, index, keys) => {
    const label = Object.hasOwn(config, index) ? config[index] : undefined
    if (typeof label === 'string') return label
    throw reader.problem('id2label', config, `names for 0 to ${keys.length - 1}`)
  })
}
