/** @file transformers.js on an ONNX folder written by `lc export` (LC_BENCH_EXPORT: that folder; LC_BENCH_DTYPE: fp32 or q8 or q4). */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { answerRequests, timed } from './answer-requests.mjs'

const require = createRequire(new URL('../peers/package.json', import.meta.url))
const { AutoModelForCausalLM, Tensor, env } = await import(
  pathToFileURL(require.resolve('@huggingface/transformers')).href
)
const { version } = JSON.parse(
  readFileSync(new URL('../peers/node_modules/@huggingface/transformers/package.json', import.meta.url), 'utf8'),
)
const threads = Number(process.env.LC_BENCH_THREADS ?? 2)
const folder = process.env.LC_BENCH_EXPORT
const dtype = process.env.LC_BENCH_DTYPE ?? 'fp32'
env.allowRemoteModels = false
env.localModelPath = dirname(folder)
let model

const ids64 = (ids) => new Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length])
const ones = (length) => new Tensor('int64', new BigInt64Array(length).fill(1n), [1, length])

function logSoftmaxAt(row, target) {
  let max = -Infinity
  for (const value of row) if (value > max) max = value
  let sum = 0
  for (const value of row) sum += Math.exp(value - max)
  return row[target] - max - Math.log(sum)
}

await answerRequests({
  async load() {
    const { ms } = await timed(async () => {
      model = await AutoModelForCausalLM.from_pretrained(basename(folder), {
        dtype,
        session_options: { intraOpNumThreads: threads },
      })
    })
    return { ms, version: `transformers.js ${version}`, detail: { threads, dtype } }
  },
  async score({ ids }) {
    const { ms, result } = await timed(async () => {
      const { logits } = await model({ input_ids: ids64(ids), attention_mask: ones(ids.length) })
      const width = logits.dims[2]
      let sum = 0
      for (let i = 0; i + 1 < ids.length; i++)
        sum -= logSoftmaxAt(logits.data.subarray(i * width, (i + 1) * width), ids[i + 1])
      return sum / (ids.length - 1)
    })
    return { ms, nll: result }
  },
  async prefill({ ids }) {
    return { ms: (await timed(() => model({ input_ids: ids64(ids), attention_mask: ones(ids.length) }))).ms }
  },
  async decode({ ids, steps }) {
    const generate = (count) =>
      model.generate({
        input_ids: ids64(ids),
        attention_mask: ones(ids.length),
        max_new_tokens: count,
        min_new_tokens: count,
        do_sample: false,
      })
    const one = await timed(() => generate(1))
    const all = await timed(() => generate(steps + 1))
    const made = Array.from(all.result.data.slice(ids.length), Number)
    return { ms: all.ms - one.ms, steps: made.length - 1, ids: made }
  },
})
