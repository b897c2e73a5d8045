import { defineCommand } from '../command/command.ts'
import { compressSources, readContext } from '../context/compress-sources.ts'
import { keptSummary } from '../context/kept-summary.ts'
import { withTextModel } from '../model/text-model.ts'
import { contextOptions } from '../options/context-options.ts'

/** `lc compress`: files and folders to a token budget, for a question. */
export const compress = defineCommand({
  name: 'compress',
  summary: 'files and folders to a token budget, keeping what a question needs',
  usage: 'PATHS... --query Q --budget N --model M',
  takesNames: true,
  options: contextOptions,
  examples: [
    {
      line: 'lc compress src --query "where is the retry delay computed?" --budget 2000 --model smollm2-135m',
      explains: 'the kept code on stdout, what was kept on stderr',
    },
    {
      line: 'git diff | lc compress - --query "what changed in the cache?" --budget 800 --model smollm2-135m',
      explains: 'text from the standard input',
    },
    {
      line: 'lc compress . --include "*.py" --exclude "tests/" --query Q --budget 4000 --model smollm2-135m --html kept.html',
      explains: 'only some files, with a heat-map to look at',
    },
  ],
  async run(context, { positionals, options }) {
    const sources = await readContext(positionals, options, context)
    const document = await withTextModel(options, context, async (model) =>
      compressSources(sources, options, await model.scorer(), context),
    )
    if (!context.output.json) context.output.note(keptSummary(document))
    context.output.result(document, document.text)
    return 0
  },
})
