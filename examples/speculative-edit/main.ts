/**
 * Asks for a change to a file and prints the whole changed file. Most of the answer stands in the prompt already, so the next tokens
 * are guessed from there and checked many in one run of the model.
 *
 *   npx tsx --conditions=@lc/source main.ts [FILE] [CHANGE]
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadModel } from '@lc/core'
import { promptLookup, withSpeculation } from '@lc/kv/speculation'
import type { GenerateRequest } from '@lc/model'

const [file = join(import.meta.dirname, 'settings.txt'), change = 'Change the port to 9090.'] = process.argv.slice(2)

const model = await loadModel('smollm2-135m')
const source = await readFile(file, 'utf8')
const request: GenerateRequest = {
  messages: [
    { role: 'user', content: `\`\`\`ts\n${source}\`\`\`\n\n${change} Answer with the whole file.` },
    // the answer begins with the fence, and ends before the next one
    { role: 'assistant', content: '```ts\n' },
  ],
  continueFinalMessage: true,
  stop: ['```'],
  // several tokens in one run then give to the last bits what one after the other gives
  accuracy: 'exact',
}

const fast = withSpeculation(model, promptLookup())
// the first answer compiles what the model needs
await fast.generate({ ...request, maxTokens: 4 })

let start = performance.now()
for await (const part of fast.stream(request)) {
  if (part.type === 'text-delta') process.stdout.write(part.text)
  if (part.type !== 'finish') continue
  const { accepted, passes } = part.speculation
  const ms = performance.now() - start
  console.log(
    `--- ${part.usage.completionTokens} tokens in ${passes} runs, ${accepted} guessed right: ${ms.toFixed(0)} ms`,
  )
}

start = performance.now()
const plain = await model.generate(request)
console.log(`--- ${plain.usage.completionTokens} tokens one by one: ${(performance.now() - start).toFixed(0)} ms`)
const again = await fast.generate(request)
console.log(`--- ${again.text === plain.text ? 'the same text' : 'another text'}`)
await model.close()
