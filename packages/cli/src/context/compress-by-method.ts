import {
  type CompressionModel,
  type CompressionResult,
  compress,
  compressByClassifier,
  compressBySelfInformation,
  compressBySurprise,
  compressCode,
  compressForQuestion,
} from '@lc/compress'
import { nodeCodeParsers } from '@lc/compress/node'
import { compressByAttention, type DraftModel } from '@lc/compress/specpc'
import type { Accuracy, CallOptions, Passage, Scorer, TokenClassifier, Tokenizer } from '@lc/model'
import { UsageError } from '../errors/usage-error.ts'
import type { MethodName } from '../options/method-option.ts'

/** What values text; a tokenizer alone is enough for methods without a model. */
export type MethodModel = CompressionModel | { readonly tokenizer: Tokenizer }

/** What every method is given. */
export interface MethodRequest extends CallOptions {
  model: MethodModel
  query: string
  budget: number
  mode?: 'joint' | 'paper' | undefined
  accuracy?: Accuracy | undefined
  protect?: 'prefer' | 'require' | undefined
  forcedPhrases?: readonly string[] | undefined
}

/** A result and why it came about in this way. */
export interface MethodResult {
  result: CompressionResult
  reason: string
}

/**
 * Compresses passages by a method, or by one that suits them. `mode` is LongCodeZip's alone.
 * @throws UsageError for a model that cannot do what the method needs
 */
export async function compressByMethod(
  method: MethodName | undefined,
  passages: readonly Passage[],
  request: MethodRequest,
): Promise<MethodResult> {
  if (method !== undefined)
    return { result: await compressByName(method, passages, request), reason: `asked for by --method ${method}` }
  const { model, budget, mode: _, ...options } = request
  const choosing = { ...options, budget: { tokens: budget, tokenizer: model.tokenizer }, parsers: nodeCodeParsers() }
  const { choice, ...result } = await compress(
    passages,
    'tokenizer' in model && isModel(model) ? { ...choosing, model } : choosing,
  )
  return { result, reason: choice.reason }
}

function compressByName(
  method: MethodName,
  passages: readonly Passage[],
  { model, budget, mode, accuracy, ...rest }: MethodRequest,
): Promise<CompressionResult> {
  const request = { ...rest, budget: { tokens: budget, tokenizer: model.tokenizer } }
  switch (method) {
    case 'longcodezip':
      return compressCode(passages, {
        ...scoring(method, model),
        ...request,
        accuracy,
        mode,
        parsers: nodeCodeParsers(),
      })
    case 'llmlingua':
      return compressBySurprise(passages, { ...scoring(method, model), ...request, accuracy })
    case 'longllmlingua':
      return compressForQuestion(passages, { ...scoring(method, model), ...request, accuracy })
    case 'selective-context':
      return compressBySelfInformation(passages, { ...scoring(method, model), ...request, accuracy })
    case 'llmlingua2':
      if (!('classify' in model)) throw missing(method, 'a token classifier, such as an LLMLingua-2 encoder')
      return compressByClassifier(passages, { ...request, classifier: model as TokenClassifier })
    case 'specpc':
      if (!('attend' in model)) throw missing(method, 'a local model, whose attention can be read')
      return compressByAttention(passages, { ...request, attender: model as DraftModel })
    case 'no-model':
      return compress(passages, { ...request, parsers: nodeCodeParsers() })
  }
}

function isModel(model: MethodModel): model is CompressionModel {
  return 'score' in model || 'classify' in model || 'attend' in model
}

function scoring(method: MethodName, model: MethodModel): { scorer: Scorer } {
  if (!('score' in model)) throw missing(method, 'a language model that gives log-probabilities')
  return { scorer: model as Scorer }
}

function missing(method: MethodName, needed: string): UsageError {
  return new UsageError({ problem: `--method ${method} needs ${needed} as --model` })
}
