import type { CacheMethod } from '@lc/kv/patterns'
import { type CommandContext, defineCommand } from '../command/command.ts'
import { readNamedText } from '../input/read-named-text.ts'
import { withChosenCache } from '../model/cache-method.ts'
import { withTextModel } from '../model/text-model.ts'
import { accuracyOption, modelOptions } from '../options/model-options.ts'
import { required, textOption } from '../options/option.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { policyOptions, policyRequest } from '../options/policy-options.ts'
import { printTable } from '../output/print-table.ts'
import { type ScoreDocument, scoreDocument } from '../result/score-document.ts'

const scoreOptions = {
  ...modelOptions,
  file: required(textOption({ placeholder: 'F', description: 'the text; - is the standard input' })),
  context: textOption({ placeholder: 'F', description: 'text before it, which is read but not scored' }),
  ...policyOptions,
  accuracy: accuracyOption('exact'),
}

/** `lc score`: the log-probability of every token of a file. */
export const score = defineCommand({
  name: 'score',
  summary: 'log-probability of every token of a text, and its perplexity',
  usage: '--model M --file F',
  options: scoreOptions,
  examples: [
    {
      line: 'lc score --model smollm2-135m --file notes.md',
      explains: 'tokens, mean negative log-likelihood, perplexity',
    },
    {
      line: 'lc score --model smollm2-135m --file notes.md --json | jq .perplexity',
      explains: 'the same as one JSON document with every token',
    },
    {
      line: 'lc score --model smollm2-135m --context book.txt --file next.txt --policy snap-kv --budget 25%',
      explains: 'how well the text is foretold with a quarter of the cache of what came before',
    },
  ],
  async run(context, { options }) {
    const document = await withChosenCache(options, context, ({ method }) =>
      scoreFiles({ ...options, method }, context),
    )
    const { tokens, nll, perplexity, accuracy, seconds } = document
    context.output.result(
      document,
      printTable([
        ['tokens', String(tokens.length)],
        ['nll', nll === null ? '-' : nll.toFixed(4)],
        ['perplexity', perplexity === null ? '-' : perplexity.toFixed(3)],
        ['accuracy', accuracy],
        ['seconds', seconds.toFixed(2)],
      ]),
    )
    return 0
  },
})

async function scoreFiles(
  options: OptionValues<typeof scoreOptions> & { readonly method: CacheMethod | undefined },
  context: CommandContext,
): Promise<ScoreDocument> {
  const before = options.context === undefined ? '' : await readNamedText(options.context, context)
  const text = await readNamedText(options.file, context)
  return withTextModel(options, context, async (model) => {
    const { signal, output } = context
    const scorer = await model.scorer()
    const started = performance.now()
    const [result] = await scorer.score([{ context: before, continuation: text }], {
      ...policyRequest(options.method),
      accuracy: options.accuracy ?? 'exact',
      signal,
      onProgress: output.progress,
    })
    return scoreDocument(text, result!, (performance.now() - started) / 1000)
  })
}
