/**
 * Reads a document once, keeps half of its cache, saves that to a file, and answers questions from the file: each in a fork, so that no
 * question sees another.
 *
 *   npx tsx --conditions=@lc/source main.ts [FILE] [QUESTIONS...]
 */
import { readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { loadModel } from '@lc/core'
import { kvZip } from '@lc/kv'
import { restoreSession, saveSession } from '@lc/kv/node'

const [file = join(import.meta.dirname, '../../CONTRIBUTING.md'), ...given] = process.argv.slice(2)
const questions =
  given.length > 0
    ? given
    : ['Which browser do some tests need?', 'Which command runs every test?', 'Which version of Node is needed?']
const saved = join(import.meta.dirname, 'document.session')

const model = await loadModel('smollm2-135m')
const policy = kvZip({ budget: '50%' })
const marks = (text: string) => model.tokenizer.encode(text, { special: 'model' }).ids
const plain = (text: string) => model.tokenizer.encode(text).ids

// once
const reader = model.session({ policy })
const started = performance.now()
await reader.prefill([...marks('<|im_start|>user\n'), ...plain(`${await readFile(file, 'utf8')}\n\n`)])
const { tokens, slots, bytes } = reader.report()
console.log(`read ${tokens} tokens, kept ${slots.mean.toFixed(0)} of them per head: ${megabytes(bytes.used)}`)
await saveSession(reader, saved)
await reader.close()
console.log(`saved ${megabytes((await stat(saved)).size)} after ${seconds(started)}`)

// any time later, by a program that has the same model and policy
const restarted = performance.now()
const document = model.session({ policy })
await restoreSession(document, saved)
console.log(`restored in ${seconds(restarted)}\n`)
for (const question of questions) {
  const fork = document.fork()
  const rest = plain(`Question: ${question}\nAnswer in one short sentence.`)
  await fork.prefill([...rest, ...marks('<|im_end|>\n<|im_start|>assistant\n')])
  const { text } = await fork.decode({ maxTokens: 30, repetitionPenalty: 1.1 })
  console.log(`> ${question}\n${text.trim()}\n`)
  await fork.close()
}
await document.close()
await model.close()
await rm(saved)

function megabytes(count: number): string {
  return `${(count / 1e6).toFixed(1)} MB`
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
