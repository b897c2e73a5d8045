import { resolve } from 'node:path'
import { explainCompression } from '@lc/compress'
import { heatMap } from '@lc/compress/visual'
import { makePassage } from '@lc/model'
import { atomicWrite } from '@lc/model/node'
import type { CommandContext } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { readSources, type TextSource } from '../input/read-sources.ts'
import type { contextOptions } from '../options/context-options.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { type CompressDocument, compressDocument } from '../result/compress-document.ts'
import { explanationDocument } from '../result/explanation-document.ts'
import { compressByMethod, type MethodModel } from './compress-by-method.ts'
import { explanationText } from './explanation-text.ts'
import { rememberedScores } from './remembered-scores.ts'

type ContextOptions = OptionValues<typeof contextOptions>
/** The options that say how text is shortened; without a query what matters is decided by the text alone. */
type CompressionChoices = Omit<ContextOptions, 'query' | 'model'> & { readonly query?: string | undefined }

/** Reads what the command line names, and says on stderr what was left out. */
export async function readContext(
  paths: readonly string[],
  options: Pick<ContextOptions, 'include' | 'exclude'>,
  context: CommandContext,
): Promise<TextSource[]> {
  if (paths.length === 0) throw new UsageError({ problem: 'at least one file, folder or - is needed' })
  const { cwd, stdin, signal, output } = context
  const { include, exclude } = options
  const { sources, skipped } = await readSources(paths, { cwd, stdin, signal, include, exclude })
  for (const { name, reason } of skipped) output.note(`left out: ${name} (${reason})`)
  return sources
}

/** Compresses texts to the budget for the query; writes the heat-map if one is asked for, and the account with `--explain`. */
export async function compressSources(
  sources: readonly TextSource[],
  options: CompressionChoices,
  model: MethodModel,
  context: CommandContext,
): Promise<CompressDocument> {
  const { query = '', budget, mode, accuracy, html, protect, phrase: forcedPhrases } = options
  const method = options.method ?? (mode === undefined ? undefined : 'longcodezip')
  if (mode !== undefined && method !== 'longcodezip')
    throw new UsageError({ problem: `--mode belongs to --method longcodezip; got ${method}` })
  if (model.tokenizer.exact === false)
    throw new UsageError({ problem: 'a budget is exact: name the tokenizer of the served model with --tokenizer' })
  const passages = sources.map(({ uri, text }) => makePassage(text, { uri }))
  const started = performance.now()
  const { signal, output } = context
  // attention is not kept, and a scorer that keeps scores shows none
  const asked = method !== 'specpc' && 'score' in model ? rememberedScores(model, options, context) : model
  const request = {
    model: asked,
    query,
    budget,
    mode,
    accuracy,
    protect,
    forcedPhrases,
    signal,
    onProgress: output.progress,
  }
  const { result, reason } = await compressByMethod(method, passages, request)
  for (const warning of result.warnings) output.note(`note: ${warning}`)
  if (html !== undefined) await atomicWrite(resolve(context.cwd, html), heatMap(result, { query }), { signal })
  const document = compressDocument(result, (performance.now() - started) / 1000)
  if (!options.explain) return document
  const explanation = explanationDocument(explainCompression(result, passages, { forcedPhrases }), { reason, result })
  const texts = new Map(sources.map(({ uri, text }) => [uri, text]))
  if (!output.json) output.note(explanationText(document, explanation, texts))
  return { ...document, explanation }
}
