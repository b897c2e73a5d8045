/**
 * Asks a question about a file that is longer than one wants to send to a model: a pipeline compresses it to a budget,
 * then the same local model answers from what is left.
 *
 *   npx tsx --conditions=@lc/source main.ts [FILE] [QUESTION]
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { longCodeZip } from '@lc/compress/longcodezip'
import { loadModel } from '@lc/core'
import { type ContextState, defineStage, makePassage, pipe, renderPassages } from '@lc/model'

const [
  file = join(import.meta.dirname, '../../packages/model/src/openai/options.ts'),
  query = 'What is the default timeout?',
] = process.argv.slice(2)

const model = await loadModel('smollm2-135m')

const answer = defineStage('answer', async (state: ContextState, run) => {
  const { text: context } = renderPassages(state.passages)
  const content = `Context:\n${context}\n\nQuestion: ${state.query}\nAnswer in one short sentence.`
  const { text, usage } = await model.generate({
    messages: [{ role: 'user', content }],
    maxTokens: 60,
    signal: run?.signal,
  })
  return { ...state, answer: { text, model: model.id }, usage }
})

const ask = pipe(longCodeZip({ scorer: model, budget: 300 }), answer)
const state = await ask({ query, passages: [makePassage(await readFile(file, 'utf8'), { uri: file })], reports: [] })
await model.close()

console.log(`kept: ${state.passages.map((passage) => passage.tokens).join(', ')} tokens`)
console.log(`answer: ${state.answer?.text}`)
