import type { JsonObject } from '@lc/model'
import { checkAbsolutePositions } from '../bert/bert-config.ts'
import { type BertConfig, readActivation, readEncoderSizes } from '../encoder/encoder-config.ts'
import { ConfigReader } from '../read-config.ts'

/**
 * The configuration of RoBERTa, XLM-RoBERTa and CamemBERT: BERT layers whose positions begin after the padding id, so that a table
 * of 514 rows holds 512 tokens, and a sequence head of its own.
 */
export function readRobertaConfig(config: JsonObject): BertConfig {
  const reader = new ConfigReader(config)
  const positionCount = reader.size('max_position_embeddings', 514)
  const sizes = readEncoderSizes(reader, 1)
  const positionOffset = sizes.paddingId + 1
  if (positionCount <= positionOffset)
    throw reader.problem('max_position_embeddings', positionCount, `more than pad_token_id + 1 (${positionOffset})`)
  checkAbsolutePositions(reader)
  return {
    kind: 'bert',
    ...sizes,
    activation: readActivation(reader, 'hidden_act'),
    normEpsilon: reader.number('layer_norm_eps', 1e-12),
    contextLength: positionCount - positionOffset,
    positionCount,
    positionOffset,
    typeCount: reader.size('type_vocab_size', 1),
    sequenceHead: 'dense',
  }
}
