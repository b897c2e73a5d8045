import type { JsonObject } from '@lc/model'
import { UnsupportedModelError } from '../../errors/unsupported-model-error.ts'
import { readBertConfig } from '../bert/bert-config.ts'
import { readModernBertConfig } from '../modernbert/modernbert-config.ts'
import { readRobertaConfig } from '../xlm-roberta/xlm-roberta-config.ts'
import type { EncoderConfig } from './encoder-config.ts'

const readers: Readonly<Record<string, (config: JsonObject) => EncoderConfig>> = {
  bert: readBertConfig,
  roberta: readRobertaConfig,
  'xlm-roberta': readRobertaConfig,
  camembert: readRobertaConfig,
  modernbert: readModernBertConfig,
}

/** `model_type` of the encoders that lc knows. */
export const encoderModelTypes: readonly string[] = Object.keys(readers)

/**
 * What an encoder is, from its `config.json`.
 *
 * @throws UnsupportedModelError for another `model_type`; FileFormatError for impossible settings.
 */
export function readEncoderConfig(config: JsonObject): EncoderConfig {
  const modelType = typeof config.model_type === 'string' ? config.model_type : ''
  if (!Object.hasOwn(readers, modelType)) throw new UnsupportedModelError({ modelType, supported: encoderModelTypes })
  return readers[modelType]!(config)
}
