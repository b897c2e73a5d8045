import type { JsonObject } from '@lc/model'
import { ConfigReader } from '../encoder/config-reader.ts'
import { type BertConfig, readActivation, readEncoderSizes } from '../encoder/encoder-config.ts'

/** The configuration of a BERT model (Devlin et al. 2019). */
export function readBertConfig(config: JsonObject): BertConfig {
  const reader = new ConfigReader(config)
  reader.choice('position_embedding_type', ['absolute'], { default: 'absolute' })
  const positionCount = reader.integer('max_position_embeddings', { default: 512, max: 1 << 22 })
  return {
    kind: 'bert',
    ...readEncoderSizes(reader),
    activation: readActivation(reader, 'hidden_act'),
    normEpsilon: reader.number('layer_norm_eps', { default: 1e-12 }),
    contextLength: positionCount,
    positionCount,
    positionOffset: 0,
    typeCount: reader.integer('type_vocab_size', { default: 2, max: 1 << 16 }),
    sequenceHead: 'pooler',
  }
}
