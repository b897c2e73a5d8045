/**
 * A chat that never ends: the cache keeps the first tokens and the latest ones, so its memory does not grow and the chat goes on past
 * the context of the model. What is gone is forgotten.
 *
 *   npx tsx --conditions=@lc/source main.ts          asks its own questions
 *   npx tsx --conditions=@lc/source main.ts --talk   takes yours, a line each
 */
import { createInterface } from 'node:readline'
import { loadModel } from '@lc/core'
import { streamingLlm } from '@lc/kv'

// a short context, so that the end of it comes soon
const model = await loadModel('smollm2-135m', { contextLength: 512 })
const session = model.session({ policy: streamingLlm({ budget: 256 }) })

const marks = (text: string) => model.tokenizer.encode(text, { special: 'model' }).ids
const plain = (text: string) => model.tokenizer.encode(text).ids

async function* own(): AsyncGenerator<string> {
  const things = [
    'bread',
    'a river',
    'the moon',
    'a bicycle',
    'rain',
    'a library',
    'glass',
    'honey',
    'a bridge',
    'salt',
  ]
  for (const thing of things) yield `What is ${thing}?`
}

const questions = process.argv.includes('--talk') ? createInterface({ input: process.stdin }) : own()
let end: ArrayLike<number> = []
for await (const question of questions) {
  const turn = [end, marks('<|im_start|>user\n'), plain(question), marks('<|im_end|>\n<|im_start|>assistant\n')]
  await session.prefill(turn.flatMap((ids) => Array.from(ids)))
  const { text } = await session.decode({ maxTokens: 60, repetitionPenalty: 1.1 })
  end = marks('<|im_end|>\n')

  const { tokens, slots, bytes } = session.report()
  console.log(`> ${question}\n${text.trim()}`)
  console.log(`  [${tokens} tokens so far, ${slots.max} kept, ${(bytes.allocated / 1e6).toFixed(1)} MB]\n`)
}
await session.close()
await model.close()
