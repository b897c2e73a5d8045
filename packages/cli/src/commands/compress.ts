import { chooseMethod } from '@lc/compress'
import { makePassage } from '@lc/model'
import { defineCommand } from '../command/command.ts'
import { compressSources, readContext } from '../context/compress-sources.ts'
import { keptSummary } from '../context/kept-summary.ts'
import type { TextSource } from '../input/read-sources.ts'
import { withMethodModel } from '../model/method-model.ts'
import { contextOptions } from '../options/context-options.ts'
import { textOption } from '../options/option.ts'

/** `lc compress`: files and folders to a token budget, for a question. */
export const compress = defineCommand({
  name: 'compress',
  summary: 'files and folders to a token budget, keeping what a question needs',
  usage: 'PATHS... --budget N --model M [--query Q]',
  takesNames: true,
  options: {
    ...contextOptions,
    query: textOption({
      placeholder: 'Q',
      description: 'what the text is needed for; most methods keep what it asks for',
    }),
  },
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
      line: 'lc compress report.json --query "failed jobs" --budget 500 --method no-model --model smollm2-135m --json',
      explains: 'JSON that is still JSON; of the model only the tokenizer is loaded',
    },
    {
      line: 'lc compress notes.md --query Q --budget 600 --method specpc --model smollm2-135m --explain',
      explains: 'what the question attends to; scores, drops and protected text on stderr',
    },
    {
      line: 'lc compress log.txt --budget 400 --phrase "build 4711" --protect require --model smollm2-135m',
      explains: 'fails, and says how many tokens it takes, if the phrase does not fit',
    },
    {
      line: 'lc compress . --include "*.py" --exclude "tests/" --query Q --budget 4000 --model smollm2-135m --html kept.html',
      explains: 'only some files, with a heat-map to look at',
    },
  ],
  async run(context, { positionals, options }) {
    const sources = await readContext(positionals, options, context)
    const method = options.method ?? (needsTokenizerOnly(sources) ? 'no-model' : undefined)
    const document = await withMethodModel(method, options, context, (model) =>
      compressSources(sources, options, model, context),
    )
    // with --explain the units are told already
    if (!context.output.json) context.output.note(keptSummary(document, options.explain ? 0 : undefined))
    context.output.result(document, document.text)
    return 0
  },
})

/** JSON and tables are kept by their structure, whatever the model. */
function needsTokenizerOnly(sources: readonly TextSource[]): boolean {
  const { content } = chooseMethod(sources.map(({ uri, text }) => makePassage(text, { uri })))
  return content === 'json' || content === 'table'
}
