import type { JsonObject } from '@lc/model'
import { FileFormatError } from '../../errors/file-format-error.ts'
import { ConfigReader } from '../encoder/config-reader.ts'
import { type BertConfig, readActivation, readEncoderSizes } from '../encoder/encoder-config.ts'

/**
 * The configuration of RoBERTa, XLM-RoBERTa and CamemBERT: BERT layers whose positions begin after the padding id, so that a table
 * of 514 rows holds 512 tokens, and a sequence head of its own.
 */
export function readRobertaConfig(config: JsonObject): BertConfig {
  const reader = new ConfigReader(config)
  reader.choice('position_embedding_type', ['absolute'], { default: 'absolute' })
  const positionCount = reader.integer('max_position_embeddings', { default: 514, max: 1 << 22 })
  const paddingId = reader.integer('pad_token_id', { default: 1, min: 0 })
  const contextLength = positionCount - paddingId - 1
  if (contextLength < 1)
    throw new FileFormatError({
      file: 'config.json',
      format: 'config.json',
      problem: `max_position_embeddings (${positionCount}) leaves no position after pad_token_id (${paddingId})`,
    })
  return {
    kind: 'bert',
    ...readEncoderSizes(reader),
    paddingId,
    activation: readActivation(reader, 'hidden_act'),
    normEpsilon: reader.number('layer_norm_eps', { default: 1e-12 }),
    contextLength,
    positionCount,
    positionOffset: paddingId + 1,
    typeCount: reader.integer('type_vocab_size', { default: 1, max: 1 << 16 }),
    sequenceHead: 'dense',
  }
}
