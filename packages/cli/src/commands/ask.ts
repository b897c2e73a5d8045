import { defineCommand } from '../command/command.ts'
import { answerRequest } from '../context/answer-request.ts'
import { compressSources, readContext } from '../context/compress-sources.ts'
import { keptSummary } from '../context/kept-summary.ts'
import { withChosenCache } from '../model/cache-method.ts'
import { withTextModel } from '../model/text-model.ts'
import { contextOptions } from '../options/context-options.ts'
import { integerOption, withDefault } from '../options/option.ts'
import { cachePolicyOptions, policyRequest } from '../options/policy-options.ts'
import { samplingOptions, samplingRequest } from '../options/sampling-options.ts'

/** `lc ask`: compresses files for a question, and answers it from what was kept. */
export const ask = defineCommand({
  name: 'ask',
  summary: 'an answer from files and folders, compressed for the question',
  usage: 'PATHS... --query Q --model M',
  takesNames: true,
  options: {
    ...contextOptions,
    budget: withDefault(
      integerOption({ placeholder: 'N', description: "tokens of context to keep at most, in the model's tokenizer" }),
      1500,
    ),
    ...samplingOptions,
    ...cachePolicyOptions,
  },
  examples: [
    {
      line: 'lc ask src --query "what is the default timeout?" --model smollm2-135m',
      explains: 'the answer on stdout, what it was given on stderr',
    },
    {
      line: 'lc ask manual.txt --query "how is it reset?" --budget 800 --model smollm2-135m --json',
      explains: 'the kept text, the answer and its token counts as one document',
    },
  ],
  async run(context, { positionals, options }) {
    const { output, signal } = context
    const { budget: _, ...cacheOptions } = options
    await withChosenCache(cacheOptions, context, async ({ method }) => {
      const sources = await readContext(positionals, options, context)
      await withTextModel({ ...options, method }, context, async (model) => {
        const document = await compressSources(sources, options, await model.scorer(), context)
        if (!output.json) output.note(keptSummary(document))
        const request = answerRequest(options.query, document.text, {
          ...samplingRequest(options),
          ...policyRequest(method),
          signal,
        })
        const { text: answer, usage, cache } = await model.language.generate(request)
        output.result({ ...document, answer, usage, ...(cache && { cache }) }, answer)
      })
    })
    return 0
  },
})
