import type { JsonObject } from '@lc/model'
import { UnsupportedModelError } from '../../errors/unsupported-model-error.ts'
import type { Pooling } from './pooling.ts'

const flags: Readonly<Record<string, Pooling>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_max_tokens: 'max',
  pooling_mode_lasttoken: 'last',
  pooling_mode_mean_sqrt_len_tokens: 'mean-sqrt-length',
}

const names: Readonly<Record<string, Pooling>> = {
  cls: 'cls',
  mean: 'mean',
  max: 'max',
  lasttoken: 'last',
  last: 'last',
  mean_sqrt_len_tokens: 'mean-sqrt-length',
}

/**
 * The pooling of a sentence-transformers `1_Pooling/config.json`: one flag that is true, or the newer `pooling_mode`.
 *
 * @throws UnsupportedModelError for several poolings at once and for weighted ones.
 */
export function readPooling(config: JsonObject): Pooling {
  const mode = config.pooling_mode
  const chosen =
    typeof mode === 'string'
      ? [names[mode]]
      : Object.keys(config)
          .filter((key) => key.startsWith('pooling_mode_') && config[key] === true)
          .map((key) => flags[key])
  const [pooling] = chosen
  if (chosen.length === 1 && pooling !== undefined) return pooling
  const given =
    typeof mode === 'string'
      ? mode
      : Object.keys(config)
          .filter((key) => config[key] === true)
          .join(' + ')
  throw new UnsupportedModelError({ modelType: `pooling ${given || 'none'}`, supported: Object.keys(names) })
}
