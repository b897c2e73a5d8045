/**
 * @file Compressors of lc, from sources. LC_BENCH_ACCURACY: exact or fast; LC_BENCH_LINGUA: the folder with the random classifier.
 * `official` is the mode that reproduces the released program, the other is the method as lc means it.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { compressByClassifier, compressBySurprise } from '@lc/compress'
import { officialLlmLingua } from '@lc/compress/llmlingua'
import { officialLlmLingua2 } from '@lc/compress/llmlingua2'
import { type LocalModel, loadModel } from '@lc/core'
import { type LocalTokenClassifier, loadTokenClassifier } from '@lc/core/encoder'
import { type Accuracy, makePassage } from '@lc/model'
import { answerRequests, timed } from './answer-requests.mjs'

const accuracy = (process.env.LC_BENCH_ACCURACY ?? 'fast') as Accuracy
const official = process.env.LC_BENCH_OFFICIAL === '1'
const threads = Number(process.env.LC_BENCH_THREADS ?? 2)
let model!: LocalModel
let classifier: LocalTokenClassifier | undefined
/** Milliseconds in the encoder. */
let encoding = 0

async function loadClassifier(): Promise<LocalTokenClassifier | undefined> {
  const folder = join(process.env.LC_BENCH_LINGUA ?? '', 'bert-base-multilingual-cased')
  return existsSync(folder) ? loadTokenClassifier({ folder }, { accuracy, threads }) : undefined
}

/** The classifier, with its time taken. */
function timedClassifier(inner: LocalTokenClassifier): LocalTokenClassifier {
  return new Proxy(inner, {
    get(target, name) {
      if (name !== 'classify') {
        const value = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      }
      return async (...given: Parameters<LocalTokenClassifier['classify']>) => {
        const { ms, result } = await timed(() => target.classify(...given))
        encoding += ms
        return result
      }
    },
  })
}

async function surprise(text: string, rate: number): Promise<string> {
  if (official) return (await officialLlmLingua([text], { scorer: model, rate })).text
  const budget = Math.floor(rate * model.tokenizer.count(text))
  return (await compressBySurprise([makePassage(text, { uri: 'text.txt' })], { scorer: model, budget, accuracy })).text
}

async function classified(text: string, rate: number): Promise<string> {
  const timedOne = timedClassifier(classifier!)
  if (official) return (await officialLlmLingua2([text], { classifier: timedOne, rate })).text
  const budget = Math.floor(rate * classifier!.tokenizer.count(text))
  return (await compressByClassifier([makePassage(text, { uri: 'text.txt' })], { classifier: timedOne, budget })).text
}

await answerRequests({
  async load({ model: file }: { model: string }) {
    const { ms } = await timed(async () => {
      model = await loadModel({ file }, { threads, accuracy })
      classifier = await loadClassifier()
    })
    return { ms, version: 'lc', detail: { threads, accuracy } }
  },
  async 'compress-text'({ method, text, rate }: { method: 'llmlingua' | 'llmlingua2'; text: string; rate: number }) {
    encoding = 0
    const { ms, result } = await timed(() => (method === 'llmlingua' ? surprise(text, rate) : classified(text, rate)))
    const rest = method === 'llmlingua2' ? { 'outside the encoder, %': (100 * (ms - encoding)) / encoding } : {}
    return { ms, text: result, detail: rest }
  },
})
await classifier?.close()
await model?.close()
