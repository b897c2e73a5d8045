/** Local language models: loading, generation, scoring, attention, hidden states. @module */

export type { CacheFormat } from './cache/cache-format.ts'
export type {
  CacheAction,
  CacheEvent,
  CachePolicy,
  CacheReport,
  CacheTrigger,
  GaussianQueries,
  HeadReport,
  KeepReason,
  KeptSlots,
  ObservationRequest,
  Observations,
  ObservedQueries,
  PolicyModel,
  PolicyRun,
  QueryStatisticsOfHead,
  SlotChoice,
  SlotMerge,
} from './cache/cache-policy.ts'
export { type CacheMark, KvCache, type KvCacheShape } from './cache/kv-cache.ts'
export { fullCache, sinkWindowCache } from './cache/plain-policies.ts'
export { rotateKey } from './cache/rotate-key.ts'
export type { HiddenRequest, LocalModel, LogitsRequest, ModelNumbers } from './local/decoder/local-model-interface.ts'
export type { CacheSession, DecodeOptions, SessionMark, SessionOptions } from './local/decoder/session-interface.ts'
export type { GenerateOptions, TokenSteps, TokenStepsStart } from './local/decoder/token-steps.ts'
export { type LoadModelOptions, loadModel, openDecoder } from './local/load-model.ts'
export type { AttentionMode } from './models/decoder/attention-mode.ts'
export type { AttentionPattern, PatternFeedContext } from './models/decoder/attention-pattern.ts'
export { fullAttention, sinkWindowAttention } from './models/decoder/attention-pattern.ts'
export type { AttentionSite } from './models/decoder/attention-site.ts'
export type { DecoderConfig, DecoderLayerConfig } from './models/decoder/decoder-config.ts'
