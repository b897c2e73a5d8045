/** @file Every method of this package behind one call, each with a cheap real model, for tests that hold for all. */
import type { Passage, TokenBudget } from '@lc/model'
import { wordListClassifier } from '@lc/model/testing'
import { compress } from '../choose/compress.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'
import { compressBySurprise } from '../llmlingua/llmlingua.ts'
import { compressForQuestion } from '../llmlingua/longllmlingua.ts'
import { compressByClassifier } from '../llmlingua2/llmlingua2.ts'
import { compressCode } from '../longcodezip/compress-code.ts'
import { compressWithoutModel } from '../no-model/no-model.ts'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import type { ProtectionOptions } from '../prose/protection.ts'
import { compressBySelfInformation } from '../selective-context/selective-context.ts'
import { compressByAttention } from '../specpc/specpc.ts'
import { compressStructured } from '../structured/compress-structured.ts'
import { AdaptiveScorer } from './adaptive-scorer.ts'
import { countingAttender } from './counting-attender.ts'

/** What every method is asked. */
export interface MethodCall extends ProtectionOptions {
  budget: TokenBudget
  query: string
  /** Tokens that the model takes at most. */
  contextLength?: number
}

/** A method and what it drops. */
export interface MethodUnderTest {
  name: string
  /** The smallest thing that it keeps or drops. */
  unit: 'word' | 'phrase' | 'line'
  compress(passages: readonly Passage[], call: MethodCall): Promise<CompressionResult>
}

const parsers = nodeCodeParsers()
const classifier = wordListClassifier(['the', 'a', 'is', 'of', 'note', 'holds'])
const scorerFor = ({ contextLength }: MethodCall) => new AdaptiveScorer(contextLength ?? 4096)

/** All methods. `choose` is `compress` with a model, `choose/no-model` without. */
export const everyMethod: readonly MethodUnderTest[] = [
  {
    name: 'longcodezip',
    unit: 'line',
    compress: (passages, call) => compressCode(passages, { ...call, scorer: scorerFor(call), parsers }),
  },
  {
    name: 'llmlingua',
    unit: 'word',
    compress: (passages, call) => compressBySurprise(passages, { ...call, scorer: scorerFor(call) }),
  },
  {
    name: 'longllmlingua',
    unit: 'word',
    compress: (passages, call) => compressForQuestion(passages, { ...call, scorer: scorerFor(call) }),
  },
  {
    name: 'llmlingua2',
    unit: 'word',
    compress: (passages, call) => compressByClassifier(passages, { ...call, classifier }),
  },
  {
    name: 'selective-context',
    unit: 'phrase',
    compress: (passages, call) => compressBySelfInformation(passages, { ...call, scorer: scorerFor(call) }),
  },
  {
    name: 'specpc',
    unit: 'word',
    compress: (passages, call) =>
      compressByAttention(passages, { ...call, attender: countingAttender(call.contextLength), windowSize: 8 }),
  },
  {
    name: 'no-model',
    unit: 'line',
    compress: (passages, call) => compressWithoutModel(passages, { ...call, parsers }),
  },
  {
    name: 'choose',
    unit: 'word',
    compress: (passages, call) => compress(passages, { ...call, model: scorerFor(call), parsers }),
  },
  { name: 'choose/no-model', unit: 'line', compress: (passages, call) => compress(passages, { ...call, parsers }) },
  ...(['json', 'table', 'chat'] as const).map(
    (structure): MethodUnderTest => ({
      name: `structured/${structure}`,
      unit: 'line',
      compress: (passages, call) =>
        compressStructured(passages, { ...call, method: `no-model/${structure}`, structureOf: () => structure }),
    }),
  ),
]
