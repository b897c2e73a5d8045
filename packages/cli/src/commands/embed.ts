import { defineCommand } from '../command/command.ts'
import { readStdin } from '../input/read-stdin.ts'
import { withEmbedder } from '../model/embedder.ts'
import { modelOptions } from '../options/model-options.ts'
import { choiceOption } from '../options/option.ts'

/** `lc embed`: one vector for each line of the standard input. */
export const embed = defineCommand({
  name: 'embed',
  summary: 'a vector for each line of the standard input',
  usage: '--model M < TEXTS',
  options: {
    ...modelOptions,
    kind: choiceOption('adds the prefix that the model wants, if it wants one (default: document)', [
      'query',
      'document',
    ]),
  },
  examples: [
    { line: 'lc embed --model all-minilm-l6-v2 --json < lines.txt', explains: 'one array of numbers a line' },
    {
      line: 'echo "where is the cache?" | lc embed --model all-minilm-l6-v2 --kind query',
      explains: 'numbers with spaces',
    },
  ],
  async run(context, { options }) {
    const { signal, output, stdin } = context
    const texts = linesOf(await readStdin(stdin, signal))
    const vectors = await withEmbedder(options, context, (model) =>
      texts.length === 0
        ? Promise.resolve([])
        : model.embed(texts, { kind: options.kind ?? 'document', signal, onProgress: output.progress }),
    )
    output.result(
      vectors,
      vectors.map((vector) => Array.from(vector, (value) => value.toPrecision(7)).join(' ')).join('\n'),
    )
    return 0
  },
})

/** The lines of a text; an end of line at the very end begins no further line. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map((line) => line.replace(/\r$/, ''))
}
