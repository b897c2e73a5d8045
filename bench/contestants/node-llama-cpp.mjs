/**
 * @file node-llama-cpp on the same GGUF file. LC_BENCH_CONFIDENCE=1 scores with confidences of its own samples only
 * (no per-token probabilities), which is its fastest way to read a prompt's certainty.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { answerRequests, timed } from './answer-requests.mjs'

const require = createRequire(new URL('../peers/package.json', import.meta.url))
const { getLlama } = await import(pathToFileURL(require.resolve('node-llama-cpp')).href)
const { version } = JSON.parse(
  readFileSync(new URL('../peers/node_modules/node-llama-cpp/package.json', import.meta.url), 'utf8'),
)
const threads = Number(process.env.LC_BENCH_THREADS ?? 2)
const confidenceOnly = process.env.LC_BENCH_CONFIDENCE === '1'
// it gives a map of the whole vocabulary for each token: those of 2,048 tokens at once are more than a process may hold
const scoredAtOnce = 128
let llama
let model
let context
let sequence

/** The prompt whose state is in the sequence. */
let prompt

async function fresh() {
  prompt = undefined
  await sequence?.clearHistory()
}

/** Brings the sequence to the end of a prompt but for its last token: what was generated since goes, or the prompt is read anew. */
async function readAllButLast(ids) {
  const end = ids.length - 1
  if (prompt === ids.join()) {
    const generated = { start: end, end: sequence.nextTokenIndex }
    if (generated.start < generated.end) await sequence.eraseContextTokenRanges([generated])
    if (sequence.nextTokenIndex === end) return
  }
  await fresh()
  await sequence.evaluateWithoutGeneratingNewTokens(ids.slice(0, end))
  prompt = ids.join()
}

await answerRequests({
  async load({ model: path }) {
    const { ms } = await timed(async () => {
      llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' })
      model = await llama.loadModel({ modelPath: path, gpuLayers: 0 })
      context = await model.createContext({ contextSize: 8192, batchSize: 512, threads, flashAttention: true })
      sequence = context.getSequence()
    })
    return { ms, version: `node-llama-cpp ${version}`, detail: { threads, flashAttention: 'on', batch: 512 } }
  },
  encode: ({ text }) => ({ ids: model.tokenize(text) }),
  async score({ ids }) {
    await fresh()
    const metadata = confidenceOnly ? { confidence: true } : { probabilities: true }
    let sum = 0
    const { ms } = await timed(async () => {
      for (let from = 0; from < ids.length; from += scoredAtOnce) {
        const input = ids.slice(from, from + scoredAtOnce).map((id) => [id, { generateNext: metadata }])
        const output = await sequence.controlledEvaluate(input)
        if (confidenceOnly) continue
        const targets = ids.slice(from + 1, from + 1 + output.length)
        targets.forEach((id, at) => {
          sum -= Math.log(output[at].next.probabilities.get(id))
        })
      }
    })
    return confidenceOnly ? { ms } : { ms, nll: sum / (ids.length - 1) }
  },
  async prefill({ ids }) {
    await fresh()
    return { ms: (await timed(() => sequence.evaluateWithoutGeneratingNewTokens(ids))).ms }
  },
  async decode({ ids, steps }) {
    await readAllButLast(ids)
    const out = []
    let start = 0
    for await (const token of sequence.evaluate([ids.at(-1)], { temperature: 0, yieldEogToken: true })) {
      if (out.length === 0) start = performance.now() // the first token pays for the prompt's last one
      out.push(token)
      if (out.length > steps) break
    }
    return { ms: performance.now() - start, steps: out.length - 1 }
  },
})
