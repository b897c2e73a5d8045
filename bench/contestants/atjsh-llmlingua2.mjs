/** @file `@atjsh/llmlingua-2` on the classifier as `lc export` wrote it (LC_BENCH_LINGUA: the folder that holds it). */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { answerRequests, timed } from './answer-requests.mjs'

const require = createRequire(new URL('../peers/package.json', import.meta.url))
const load = (name) => import(pathToFileURL(require.resolve(name)).href)
const modules = new URL('../peers/node_modules/', import.meta.url)
const { LLMLingua2 } = await import(new URL('@atjsh/llmlingua-2/dist/index.js', modules).href)
// the very module that the package imports, so that its settings hold there
const { env } = await import(new URL('@huggingface/transformers/dist/transformers.node.mjs', modules).href)
const { Tiktoken } = await load('js-tiktoken/lite')
const { default: ranks } = await load('js-tiktoken/ranks/cl100k_base')
const { version } = JSON.parse(readFileSync(new URL('@atjsh/llmlingua-2/package.json', modules), 'utf8'))
const threads = Number(process.env.LC_BENCH_THREADS ?? 2)
env.allowRemoteModels = false
env.localModelPath = process.env.LC_BENCH_LINGUA
let compressor

await answerRequests({
  async load() {
    const { ms } = await timed(async () => {
      const folder = join(process.env.LC_BENCH_LINGUA, 'exported')
      const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
      const made = await LLMLingua2.WithBERTMultilingual('exported', {
        transformerJSConfig: { device: 'cpu', dtype: 'fp32' },
        oaiTokenizer: new Tiktoken(ranks),
        pretrainedConfig: config,
        modelSpecificOptions: {
          dtype: 'fp32',
          session_options: { intraOpNumThreads: threads },
          use_external_data_format: config['transformers.js_config']?.use_external_data_format ?? false,
        },
      })
      compressor = made.promptCompressor
    })
    return { ms, version: `@atjsh/llmlingua-2 ${version}`, detail: { threads } }
  },
  async 'compress-text'({ text, rate }) {
    const { ms, result } = await timed(() => compressor.compress_prompt(text, { rate }))
    return { ms, text: result }
  },
})
