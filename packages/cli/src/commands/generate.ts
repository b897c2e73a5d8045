import type { GenerateRequest, Message, StreamPart } from '@lc/model'
import { defineCommand } from '../command/command.ts'
import { readStdin } from '../input/read-stdin.ts'
import { withTextModel } from '../model/text-model.ts'
import { accuracyOption, modelOptions } from '../options/model-options.ts'
import { flagOption, required, textOption } from '../options/option.ts'
import { chosenMethod, policyOptions, policyRequest } from '../options/policy-options.ts'
import { samplingOptions, samplingRequest } from '../options/sampling-options.ts'

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
  ],
  async run(context, { options }) {
    const prompt = options.prompt === '-' ? await readStdin(context.stdin, context.signal) : options.prompt
    const messages: Message[] = [{ role: 'user', content: prompt }]
    if (options.system !== undefined) messages.unshift({ role: 'system', content: options.system })
    const method = chosenMethod({ policy: options.policy, budget: options.budget })
    const request: GenerateRequest = {
      ...samplingRequest(options),
      ...policyRequest(method),
      ...(options.raw ? { prompt } : { messages }),
      accuracy: options.accuracy ?? 'exact',
      signal: context.signal,
    }
    await withTextModel({ ...options, method }, context, async (model) => {
      if (!context.output.json) {
        await streamText(model.language.stream(request), context.output)
        return
      }
      const { text, ids, usage, finishReason, cache } = await model.language.generate(request)
      const { promptTokens } = usage
      const document = { text, ids: Array.from(ids ?? []), promptTokens, finishReason, ...(cache && { cache }) }
      context.output.result(document, '')
    })
    return 0
  },
})

/** Shows an answer while it grows. */
async function streamText(parts: AsyncIterable<StreamPart>, output: { delta(text: string): void }): Promise<void> {
  let last = ''
  for await (const part of parts) {
    if (part.type !== 'text-delta' || part.text === '') continue
    output.delta(part.text)
    last = part.text
  }
  if (!last.endsWith('\n')) output.delta('\n')
}
