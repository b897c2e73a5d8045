import type { JsonObject } from '@lc/model'
import { type BertConfig, readActivation, readEncoderSizes } from '../encoder/encoder-config.ts'
import { ConfigReader } from '../read-config.ts'

/** The configuration of a BERT model (Devlin et al. 2019). */
export function readBertConfig(config: JsonObject): BertConfig {
  const reader = new ConfigReader(config)
  const positionCount = reader.size('max_position_embeddings', 512)
  checkAbsolutePositions(reader)
  return {
    kind: 'bert',
    ...readEncoderSizes(reader, 0),
    activation: readActivation(reader, 'hidden_act'),
    normEpsilon: reader.number('layer_norm_eps', 1e-12),
    contextLength: positionCount,
    positionCount,
    positionOffset: 0,
    typeCount: reader.size('type_vocab_size', 2),
    sequenceHead: 'pooler',
  }
}

/** Throws `FileFormatError` for the relative position embeddings that some old checkpoints used. */
export function checkAbsolutePositions(reader: ConfigReader): void {
  const kind = reader.string('position_embedding_type', 'absolute')
  if (kind !== 'absolute') throw reader.problem('position_embedding_type', kind, 'absolute')
}
