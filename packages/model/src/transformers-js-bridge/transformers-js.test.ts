import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AutoModelForCausalLM, AutoTokenizer, env, pipeline } from '@huggingface/transformers'
import { beforeAll, describe, expect, test } from 'vitest'
import { embedderSuite } from '../testing-kit/embedder-suite.ts'
import { languageModelSuite } from '../testing-kit/language-model-suite.ts'
import { rerankerSuite } from '../testing-kit/reranker-suite.ts'
import { tokenClassifierSuite } from '../testing-kit/token-classifier-suite.ts'
import { tokenizerSuite } from '../testing-kit/tokenizer-suite.ts'
import { transformersJsEmbedder } from './transformers-js-embedder.ts'
import { transformersJsLanguageModel } from './transformers-js-language-model.ts'
import { transformersJsReranker } from './transformers-js-reranker.ts'
import { transformersJsTokenClassifier } from './transformers-js-token-classifier.ts'
import { transformersJsTokenizer } from './transformers-js-tokenizer.ts'

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '../../fixtures/transformers-js')
const runner = { describe, test, expect }
const local = { dtype: 'fp32', local_files_only: true } as const

beforeAll(() => {
  env.allowRemoteModels = false
  env.localModelPath = fixtures
})

const loadDecoder = async () => transformersJsLanguageModel(await pipeline('text-generation', 'decoder', local))

tokenizerSuite({
  ...runner,
  name: 'a byte-level tokenizer of transformers.js',
  create: async () => transformersJsTokenizer(await AutoTokenizer.from_pretrained('decoder', local)),
  specialTokens: ['<|im_end|>'],
})
tokenizerSuite({
  ...runner,
  name: 'a WordPiece tokenizer of transformers.js',
  create: async () => transformersJsTokenizer(await AutoTokenizer.from_pretrained('encoder', local)),
  decoding: 'lossy',
  coverage: 'visible',
})
embedderSuite({
  ...runner,
  name: 'feature extraction of transformers.js',
  create: async () => transformersJsEmbedder(await pipeline('feature-extraction', 'encoder', local)),
  normalised: 'yes',
})
tokenClassifierSuite({
  ...runner,
  name: 'token classification of transformers.js',
  create: async () => transformersJsTokenClassifier(await pipeline('token-classification', 'tagger', local)),
})
rerankerSuite({
  ...runner,
  name: 'a cross-encoder of transformers.js',
  create: async () => transformersJsReranker(await pipeline('text-classification', 'reranker', local)),
})
languageModelSuite({ ...runner, name: 'text generation of transformers.js', create: loadDecoder })

describe('transformersJsLanguageModel', () => {
  test('gives what the pipeline itself gives', async () => {
    const generator = await pipeline('text-generation', 'decoder', local)
    const [own] = await generator('The cat sat', { max_new_tokens: 12, do_sample: false, return_full_text: false })
    const { text } = await transformersJsLanguageModel(generator).generate({ prompt: 'The cat sat', maxTokens: 12 })
    expect(text).toBe(own?.generated_text)
  })

  test('answers a chat as the pipeline does, and takes a tokenizer and a model loaded apart', async () => {
    const messages = [{ role: 'user' as const, content: 'Where is the dog?' }]
    const generator = await pipeline('text-generation', 'decoder', local)
    const [own] = await generator(messages, { max_new_tokens: 12, do_sample: false })
    const model = transformersJsLanguageModel({
      tokenizer: await AutoTokenizer.from_pretrained('decoder', local),
      model: await AutoModelForCausalLM.from_pretrained('decoder', local),
    })
    expect((await model.generate({ messages, maxTokens: 12 })).text).toBe(own?.generated_text.at(-1)?.content)
  })

  test('continues a started answer', async () => {
    const model = await loadDecoder()
    const question = { role: 'user' as const, content: 'Count.' }
    const whole = await model.generate({ messages: [question], maxTokens: 10 })
    const [first] = whole.text.split(/(?<=.{4})/su)
    const rest = await model.generate({
      messages: [question, { role: 'assistant', content: first! }],
      continueFinalMessage: true,
      maxTokens: 4,
    })
    const rendered = `<|im_start|>user\nCount.<|im_end|>\n<|im_start|>assistant\n${first}`
    const ids = await model.tokenizer!.encode(rendered, { special: 'model' }).ids
    expect(rest.usage.promptTokens).toBe(ids.length)
  })

  test('an abort leaves no work behind: the next call gives the whole answer', async () => {
    const model = await loadDecoder()
    const controller = new AbortController()
    const request = { prompt: 'The cat', maxTokens: 40 }
    const aborted = model.generate({ ...request, signal: controller.signal })
    setTimeout(() => controller.abort('stop'), 5)
    const [first, second] = await Promise.allSettled([aborted, model.generate(request)])
    const alone = await model.generate(request)
    expect(first.status === 'rejected' ? first.reason : first.value.text).toBe(
      first.status === 'rejected' ? 'stop' : alone.text,
    )
    expect(second.status === 'fulfilled' && second.value.text).toBe(alone.text)
  })
})

describe('transformersJsEmbedder', () => {
  test('gives the vectors of the pipeline, with the prefix of the kind', async () => {
    const extractor = await pipeline('feature-extraction', 'encoder', local)
    const embedder = transformersJsEmbedder(extractor, { pooling: 'cls', length: 'raw', queryPrefix: 'query: ' })
    const own = await extractor(['query: a cat'], { pooling: 'cls', normalize: false })
    const [vector] = await embedder.embed(['a cat'], { kind: 'query' })
    expect(Array.from(vector!)).toEqual(Array.from(own.data as Float32Array))
  })
})

describe('transformersJsTokenClassifier', () => {
  test('gives the probabilities of the pipeline, token by token', async () => {
    const tagger = await pipeline('token-classification', 'tagger', local)
    const text = 'The cat sat.'
    const own = await tagger(text, { ignore_labels: [] })
    const [result] = await transformersJsTokenClassifier(tagger).classify([text])
    expect(result!.ids.length).toBe(own.length)
    for (const [index, { score, entity }] of own.entries()) {
      const [drop, keep] = [result!.logits[index * 2]!, result!.logits[index * 2 + 1]!]
      const probability = 1 / (1 + Math.exp(entity === 'keep' ? drop - keep : keep - drop))
      expect(probability).toBeCloseTo(score, 5)
    }
  })
})

describe('transformersJsTokenClassifier on odd input', () => {
  const load = async () => transformersJsTokenClassifier(await pipeline('token-classification', 'tagger', local))

  test('takes the names of special tokens in a text as text', async () => {
    const [result] = await (await load()).classify(['a [SEP] b'])
    expect(result!.spans.map((span) => 'a [SEP] b'.slice(span.start, span.end)).join('')).toBe('a[SEP]b')
    expect(result!.ids.length).toBeGreaterThanOrEqual(5)
  })

  test('gives the same for ids as for their text, and refuses what is too long', async () => {
    const classifier = await load()
    const text = 'the cat sat on the mat'
    const [fromText, fromIds] = await classifier.classify([text, classifier.tokenizer.encode(text).ids])
    expect(fromIds!.logits).toEqual(fromText!.logits)
    expect(fromIds!.spans).toEqual(fromText!.spans)
    await expect(classifier.classify(['cat '.repeat(300)])).rejects.toMatchObject({
      code: 'context-length',
      limit: 256,
    })
  })
})

describe('transformersJsReranker', () => {
  test('asks which label means relevance when there are several', async () => {
    const tagger = await pipeline('token-classification', 'tagger', local)
    expect(() => transformersJsReranker(tagger)).toThrow(/label must be one of drop, keep/)
    expect(() => transformersJsReranker(tagger, { label: 'relevant' })).toThrow(/label must be one of drop, keep/)
    expect(transformersJsReranker(tagger, { label: 'keep' }).rank).toBeTypeOf('function')
  })
})

test('the fixtures are those that the script made', () => {
  const origin = JSON.parse(readFileSync(join(fixtures, 'origin.json'), 'utf8')) as { files: Record<string, string> }
  for (const [file, hash] of Object.entries(origin.files))
    expect(
      createHash('sha256')
        .update(readFileSync(join(fixtures, file)))
        .digest('hex'),
      file,
    ).toBe(hash)
})

describe.each(['decoder', 'encoder'])('offsets of the tokenizer of %s', (folder) => {
  const recorded = JSON.parse(readFileSync(join(fixtures, 'offsets.json'), 'utf8')) as Record<
    string,
    { text: string; ids: number[]; spans: [number, number][] }[]
  >

  test.each(recorded[folder]!)('are those of the Python tokenizers: $text', async ({ text, ids, spans }) => {
    const tokenizer = transformersJsTokenizer(await AutoTokenizer.from_pretrained(folder, local))
    const own = tokenizer.encode(text)
    expect(Array.from(own.ids)).toEqual(ids)
    expect(own.spans.map((span) => [span.start, span.end])).toEqual(spans)
  })
})
