/** Local language models: loading, generation, scoring, attention, hidden states. @module */

export type { HiddenRequest, LocalModel, LogitsRequest, ModelNumbers } from './local/decoder/local-model-interface.ts'
export { type LoadModelOptions, loadModel, openDecoder } from './local/load-model.ts'
export type { AttentionPattern, PatternFeedContext } from './models/decoder/attention-pattern.ts'
export { fullAttention, sinkWindowAttention } from './models/decoder/attention-pattern.ts'
export type { AttentionMode, AttentionSite } from './models/decoder/attention-site.ts'
export type { DecoderConfig, DecoderLayerConfig } from './models/decoder/decoder-config.ts'
