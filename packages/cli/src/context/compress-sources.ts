import { resolve } from 'node:path'
import { heatMap } from '@lc/compress/visual'
import { makePassage, type Scorer } from '@lc/model'
import { atomicWrite } from '@lc/model/node'
import type { CommandContext } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { readSources, type TextSource } from '../input/read-sources.ts'
import type { contextOptions } from '../options/context-options.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { type CompressDocument, compressDocument } from '../result/compress-document.ts'
import { compressByMethod } from './compress-by-method.ts'
import { rememberedScores } from './remembered-scores.ts'

type ContextOptions = OptionValues<typeof contextOptions>

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

/** Compresses texts to the budget for the query; writes the heat-map if one is asked for. */
export async function compressSources(
  sources: readonly TextSource[],
  options: ContextOptions,
  scorer: Scorer,
  context: CommandContext,
): Promise<CompressDocument> {
  const { query, budget, mode, accuracy, html, method = 'longcodezip' } = options
  if (mode !== undefined && method !== 'longcodezip')
    throw new UsageError({ problem: `--mode belongs to --method longcodezip; got ${method}` })
  if (scorer.tokenizer.exact === false)
    throw new UsageError({ problem: 'a budget is exact: name the tokenizer of the served model with --tokenizer' })
  const passages = sources.map(({ uri, text }) => makePassage(text, { uri }))
  const started = performance.now()
  const result = await compressByMethod(method, passages, {
    scorer: rememberedScores(scorer, options, context),
    query,
    budget,
    mode,
    accuracy,
    signal: context.signal,
    onProgress: context.output.progress,
  })
  for (const warning of result.warnings) context.output.note(`note: ${warning}`)
  if (html !== undefined) {
    await atomicWrite(resolve(context.cwd, html), heatMap(result, { query }), {
      signal: context.signal,
    })
  }
  return compressDocument(result, (performance.now() - started) / 1000)
}
