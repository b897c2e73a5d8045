/**
 * An app on the AI SDK whose prompts are compressed by one line: the middleware runs a stage over what is long in a
 * prompt before the model sees it. Here model and scorer are the same local one; any AI SDK model can take its place.
 *
 *   npx tsx --conditions=@lc/source main.ts
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { longCodeZip } from '@lc/compress/longcodezip'
import { loadModel } from '@lc/core'
import { contextMiddleware, toAiSdk } from '@lc/model/ai-sdk'
import { generateText, wrapLanguageModel } from 'ai'

const local = await loadModel('smollm2-135m')
const model = wrapLanguageModel({
  model: toAiSdk(local),
  middleware: contextMiddleware(longCodeZip({ scorer: local, budget: 300 })), // the one line
})

const code = await readFile(join(import.meta.dirname, '../../packages/model/src/openai/options.ts'), 'utf8')
const { text, usage } = await generateText({
  model,
  maxOutputTokens: 60,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: code },
        { type: 'text', text: 'What is the default timeout? Answer in one short sentence.' },
      ],
    },
  ],
})
await local.close()

console.log(`the code has ${local.tokenizer.count(code)} tokens; the model was given ${usage.inputTokens}`)
console.log(text)
