import { compressBySurprise, compressForQuestion } from '@lc/compress/llmlingua'
import { type CompressionResult, compressCode } from '@lc/compress/longcodezip'
import { compressWithoutModel } from '@lc/compress/no-model'
import { nodeCodeParsers } from '@lc/compress/node'
import { compressBySelfInformation } from '@lc/compress/selective-context'
import type { Accuracy, CallOptions, Passage, Scorer } from '@lc/model'
import type { MethodName } from '../options/method-option.ts'

/** What every method is given. */
export interface MethodRequest extends CallOptions {
  scorer: Scorer
  query: string
  budget: number
  mode?: 'joint' | 'paper' | undefined
  accuracy?: Accuracy | undefined
}

/** Compresses passages by a method. `mode` is LongCodeZip's alone. */
export function compressByMethod(
  method: MethodName,
  passages: readonly Passage[],
  { mode, ...request }: MethodRequest,
): Promise<CompressionResult> {
  const { scorer, budget } = request
  switch (method) {
    case 'longcodezip':
      return compressCode(passages, { ...request, mode, parsers: nodeCodeParsers() })
    case 'llmlingua':
      return compressBySurprise(passages, request)
    case 'longllmlingua':
      return compressForQuestion(passages, request)
    case 'selective-context':
      return compressBySelfInformation(passages, request)
    case 'no-model': {
      const { query, signal, onProgress } = request
      const options = { query, budget: { tokens: budget, tokenizer: scorer.tokenizer }, signal, onProgress }
      return compressWithoutModel(passages, { ...options, parsers: nodeCodeParsers() })
    }
  }
}
