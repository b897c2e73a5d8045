/** @file Both ways, in versions 2, 3 and 4: what compiles here is what an app can pass. */
import type {
  EmbeddingModelV2,
  EmbeddingModelV3,
  LanguageModelV2,
  LanguageModelV3,
  LanguageModelV3Middleware,
} from '@ai-sdk/provider'
import type { EmbeddingModelV4, LanguageModelV4, LanguageModelV4Middleware } from '@ai-sdk/provider-v4'
import { expectTypeOf, test } from 'vitest'
import type { Embedder } from '../capability/embedder.ts'
import type { LanguageModel } from '../capability/language-model.ts'
import type { ContextState } from '../stage/context-state.ts'
import type { Stage } from '../stage/stage.ts'
import { contextMiddleware } from './context-middleware.ts'
import { embedderFromAiSdk, embedderToAiSdk } from './embedders.ts'
import { fromAiSdk } from './from-ai-sdk.ts'
import { toAiSdk } from './to-ai-sdk.ts'

declare const model: LanguageModel
declare const embedder: Embedder
declare const stage: Stage<ContextState, ContextState>
declare const theirs: { v2: LanguageModelV2; v3: LanguageModelV3; v4: LanguageModelV4 }
declare const theirEmbedders: { v2: EmbeddingModelV2<string>; v3: EmbeddingModelV3; v4: EmbeddingModelV4 }

test('models of every accepted version are taken', () => {
  expectTypeOf(fromAiSdk).toBeCallableWith(theirs.v2)
  expectTypeOf(fromAiSdk).toBeCallableWith(theirs.v3)
  expectTypeOf(fromAiSdk).toBeCallableWith(theirs.v4)
  expectTypeOf(embedderFromAiSdk).toBeCallableWith(theirEmbedders.v2, { dimensions: 3 })
  expectTypeOf(embedderFromAiSdk).toBeCallableWith(theirEmbedders.v3, { dimensions: 3 })
  expectTypeOf(embedderFromAiSdk).toBeCallableWith(theirEmbedders.v4, { dimensions: 3 })
})

test('a version that is not known does not compile', () => {
  // @ts-expect-error version 1 had other methods
  fromAiSdk({ ...theirs.v3, specificationVersion: 'v1' })
  // @ts-expect-error a name is not a model
  fromAiSdk('openai/gpt-5')
})

test('what lc gives is a model of version 3, or of version 4 when asked', () => {
  expectTypeOf(toAiSdk(model)).toExtend<LanguageModelV3>()
  expectTypeOf(toAiSdk(model, { specification: 'v4' })).toExtend<LanguageModelV4>()
  expectTypeOf(embedderToAiSdk(embedder)).toExtend<EmbeddingModelV3>()
  expectTypeOf(embedderToAiSdk(embedder, { specification: 'v4' })).toExtend<EmbeddingModelV4>()
  expectTypeOf(contextMiddleware(stage)).toExtend<LanguageModelV3Middleware>()
  expectTypeOf(contextMiddleware(stage, { specification: 'v4' })).toExtend<LanguageModelV4Middleware>()
  // @ts-expect-error the default is version 3
  expectTypeOf(toAiSdk(model)).toExtend<LanguageModelV4>()
})
