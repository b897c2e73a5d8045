import type { SpeculationReport } from '@lc/kv/speculation'
import type { GenerateRequest, Message, StreamPart } from '@lc/model'
import { type CommandContext, defineCommand } from '../command/command.ts'
import { readStdin } from '../input/read-stdin.ts'
import { withChosenCache } from '../model/cache-method.ts'
import { withTextModel } from '../model/text-model.ts'
import { accuracyOption, modelOptions } from '../options/model-options.ts'
import { flagOption, required, textOption } from '../options/option.ts'
import { policyOptions } from '../options/policy-options.ts'
import { samplingOptions, samplingRequest } from '../options/sampling-options.ts'
import { checkSpeculation, chosenSpeculation, speculationOptions } from '../options/speculation-options.ts'
import type { Output } from '../output/output.ts'
import { generateDocument } from '../result/generate-document.ts'

/** `lc generate`: an answer to a prompt. */
export const generate = defineCommand({
  name: 'generate',
  summary: 'an answer to a prompt, or its continuation',
  usage: '--model M --prompt TEXT',
  options: {
    ...modelOptions,
    prompt: required(textOption({ placeholder: 'TEXT', description: 'what to answer; - is the standard input' })),
    system: textOption({ placeholder: 'TEXT', description: 'a system message before the prompt' }),
    raw: flagOption('continue the prompt as it stands, without the chat template'),
    ...samplingOptions,
    ...policyOptions,
    ...speculationOptions,
    accuracy: accuracyOption('exact'),
  },
  examples: [
    {
      line: 'lc generate --model smollm2-135m --prompt "What is a cache?"',
      explains: 'the answer, as it is generated',
    },
    {
      line: 'lc generate --model smollm2-135m --raw --prompt "def fibonacci(n):" --max-tokens 64',
      explains: 'continues text instead of answering',
    },
    {
      line: 'lc generate --model smollm2-135m --prompt - --policy snap-kv --budget 1024 < long.txt',
      explains: 'keeps 1,024 slots of the key-value cache per layer and head',
    },
    {
      line: 'lc generate --model smollm2-135m --prompt - --speculate prompt-lookup < edit.txt',
      explains: 'guesses that the prompt is repeated, as in an edit: the same answer in fewer runs of the model',
    },
    {
      line: 'lc generate --model smollm2-135m --prompt - --speculate self --policy snap-kv --budget 10% < long.txt',
      explains: 'drafts on a tenth of the cache, verifies on all of it',
    },
    {
      line: 'lc generate --model large.gguf --speculate draft-model --draft-model small.gguf --prompt "What is a cache?"',
      explains: 'a smaller model with the same tokens drafts',
    },
    {
      line: 'lc generate --model smollm2-135m --prompt - --policy duo-attention --gates gates.tsv < long.txt',
      explains: 'heads that need everything keep it; lc cache gates finds them',
    },
  ],
  async run(context, { options }) {
    checkSpeculation(options)
    const { speculate } = options
    await withChosenCache({ ...options, drafts: speculate === 'draft-model' }, context, async (chosen) => {
      const { drafter, policy } = chosenSpeculation(speculate, chosen)
      const prompt = await promptOf(options, context)
      const request: GenerateRequest = {
        ...samplingRequest(options),
        ...(policy && { policy }),
        ...prompt,
        accuracy: options.accuracy ?? 'exact',
        signal: context.signal,
      }
      await withTextModel({ ...options, method: chosen.method, drafter }, context, async ({ language }) => {
        if (context.output.json) context.output.result(generateDocument(await language.generate(request)), '')
        else await streamText(language.stream(request), context.output)
      })
    })
    return 0
  },
})

/** The prompt as the request wants it. */
async function promptOf(
  {
    prompt: given,
    system,
    raw,
  }: { readonly prompt: string; readonly system?: string | undefined; readonly raw: boolean },
  { stdin, signal }: CommandContext,
): Promise<Pick<GenerateRequest, 'prompt' | 'messages'>> {
  const prompt = given === '-' ? await readStdin(stdin, signal) : given
  if (raw) return { prompt }
  const messages: Message[] = [{ role: 'user', content: prompt }]
  if (system !== undefined) messages.unshift({ role: 'system', content: system })
  return { messages }
}

/** Shows an answer while it grows, and then how speculation went. */
async function streamText(
  parts: AsyncIterable<StreamPart & { speculation?: SpeculationReport }>,
  output: Pick<Output, 'delta' | 'note'>,
): Promise<void> {
  let last = ''
  let speculation: SpeculationReport | undefined
  for await (const part of parts) {
    if (part.type === 'finish') speculation = part.speculation
    if (part.type !== 'text-delta' || part.text === '') continue
    output.delta(part.text)
    last = part.text
  }
  if (!last.endsWith('\n')) output.delta('\n')
  if (!speculation) return
  const { drafter, drafted, accepted, passes } = speculation
  output.note(`${drafter}: ${accepted} of ${drafted} drafted tokens were right, ${passes} runs of the model`)
}
