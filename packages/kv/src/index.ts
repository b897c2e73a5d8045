/** Key-value cache policies for local models: what to keep of a long context, method by method. @module */

export type { ConvolutionWeights } from './mergers/convolved-slots.ts'
export { type AdaKvOptions, adaKv, adaKvDefaults } from './policies/ada-kv.ts'
export { type CamOptions, cam, camDefaults } from './policies/cam.ts'
export { type ChunkKvOptions, chunkKv, chunkKvDefaults } from './policies/chunk-kv.ts'
export { type CurOptions, cur, curDefaults } from './policies/cur.ts'
export { type DuoAttentionOptions, duoAttention, duoAttentionDefaults } from './policies/duo-attention.ts'
export {
  type ExpectedAttentionOptions,
  expectedAttention,
  expectedAttentionDefaults,
} from './policies/expected-attention.ts'
export { type FinchOptions, finch, finchDefaults } from './policies/finch.ts'
export { type H2oOptions, h2o, h2oDefaults } from './policies/h2o.ts'
export { type KeyDiffOptions, keyDiff } from './policies/key-diff.ts'
export { type KeyNormOptions, keyNorm } from './policies/key-norm.ts'
export { type KvMergerOptions, kvMerger, kvMergerDefaults } from './policies/kv-merger.ts'
export { type KvZipOptions, kvZip, kvZipDefaults } from './policies/kv-zip.ts'
export { type LaCacheOptions, laCache, laCacheDefaults } from './policies/la-cache.ts'
export { type LagKvOptions, lagKv, lagKvDefaults } from './policies/lag-kv.ts'
export { type LoCoCoOptions, loCoCo, loCoCoDefaults } from './policies/lo-co-co.ts'
export { type LookMOptions, lookM, lookMDefaults } from './policies/look-m.ts'
export {
  type NamedPolicyOptions,
  type PolicyName,
  policyByName,
  policyNames,
} from './policies/policy-by-name.ts'
export { type PyramidKvOptions, pyramidKv, pyramidKvDefaults } from './policies/pyramid-kv.ts'
export { type RandomSlotsOptions, randomSlots } from './policies/random-slots.ts'
export { type SnapKvOptions, snapKv, snapKvDefaults } from './policies/snap-kv.ts'
export { type Lookahead, type SpecKvOptions, specKv, specKvDefaults } from './policies/spec-kv.ts'
export { type SpecKvCascadeOptions, specKvCascade } from './policies/spec-kv-cascade.ts'
export { type StreamingLlmOptions, streamingLlm, streamingLlmDefaults } from './policies/streaming-llm.ts'
export { type TovaOptions, tova, tovaDefaults } from './policies/tova.ts'
export { type ValueMergeOptions, valueMerge } from './policies/value-merge.ts'
export type { CacheBudget } from './policy/budget.ts'
export type { ScoredPolicy } from './policy/scored-policy.ts'
export type { WhenOptions } from './policy/when.ts'
export { type NamedPolicy, type PolicyChoice, readPolicy } from './session/read-policy.ts'
export { withCachePolicy } from './session/with-cache-policy.ts'
