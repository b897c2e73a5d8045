/**
 * @file What is fuzzed: every reader of files from elsewhere. A target runs one mutant; it is fine when the reader gives
 * a result or throws an error of lc, and a fault when it throws anything else, takes long, or takes much memory.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { JsonObject, JsonValue } from '@lc/model'
import { isLcError } from '@lc/model/errors'
import { fixturePath, readFixtureJson } from '../fixtures/read-fixture.ts'
import { openFolder } from '../src/model-files/open-folder.ts'
import { openGguf } from '../src/model-files/open-gguf.ts'
import { readZipDirectory } from '../src/node-platform/read-zip.ts'
import { buildTokenizer } from '../src/tokenizer/build-tokenizer.ts'
import { tokenizerFromJson } from '../src/tokenizer/from-tokenizer-json.ts'
import { jinjaChatTemplate } from '../src/tokenizer/jinja-chat-template.ts'
import type { LocalTokenizer } from '../src/tokenizer/local-tokenizer.ts'
import { memoryBytes } from '../src/weights/memory-bytes.ts'
import { openSafetensors, openShardedSafetensors } from '../src/weights/safetensors/open-safetensors.ts'
import type { WeightSource } from '../src/weights/weight-source.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson, mutateText } from './mutate-json.ts'
import { Random } from './random.ts'

/** One kind of file. */
export interface FuzzTarget {
  readonly name: string
  /** Runs the mutant that a random source gives. */
  run(random: Random): Promise<void>
}

/** Throws what is not an error of lc. */
async function tolerate(work: () => Promise<unknown> | unknown): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isLcError(error)) throw error
  }
}

const file = (...parts: string[]): Uint8Array => new Uint8Array(readFileSync(fixturePath(...parts)))
const text = 'Hello <s> naïve 你好 🙂\r\n\t  x = 12345 [MASK] ▁ \ud800'

async function readSome(weights: WeightSource): Promise<void> {
  for (const name of weights.names.slice(0, 3)) {
    if ((weights.info(name)?.byteLength ?? 0) > 1 << 20) continue
    await weights.float32(name)
    await weights.packed(name)
  }
}

function exercise(tokenizer: LocalTokenizer): void {
  const { ids } = tokenizer.encode(text)
  tokenizer.decode(ids, { special: 'keep' })
  tokenizer.encode(text, { special: 'model' })
}

/** GGUF files: mutants of real ones, the header cut where the weights begin so that a case is small. */
export function ggufTarget(
  seeds: readonly Uint8Array[] = ['llama-q4_1.gguf', 'gemma3-q8_0.gguf'].map((name) => file('gguf-files', name)),
): FuzzTarget {
  return {
    name: 'gguf',
    run: (random) =>
      tolerate(async () => {
        const model = await openGguf({
          source: memoryBytes(mutateBytes(random.pick(seeds), random), 'mutant.gguf'),
          openPart: async () => memoryBytes(new Uint8Array(0), 'part.gguf'),
          hashOf: async () => '',
        })
        await readSome(model.weights)
        exercise(model.tokenizer)
      }),
  }
}

/** safetensors: mutants of the bytes, and mutants of the header as JSON with its length put right. */
export function safetensorsTarget(
  seeds: readonly Uint8Array[] = [cutTensors(file('tiny-bert', 'model.safetensors'))],
): FuzzTarget {
  const parsed = seeds.map((seed) => {
    const length = Number(new DataView(seed.buffer, seed.byteOffset).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(seed.subarray(8, 8 + length))) as JsonValue
    return { header, data: seed.subarray(8 + length) }
  })
  return {
    name: 'safetensors',
    run: (random) =>
      tolerate(async () => {
        const { header, data } = random.pick(parsed)
        const bytes =
          random.below(2) === 0
            ? mutateBytes(random.pick(seeds), random)
            : safetensorsFile(mutateJson(header, random), data)
        await readSome(await openSafetensors(memoryBytes(bytes, 'mutant.safetensors')))
      }),
  }
}

function safetensorsFile(header: JsonValue, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + data.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  bytes.set(data, 8 + json.length)
  return bytes
}

/** Keeps the first tensors of a file, as many as fit into 8 kB. */
function cutTensors(bytes: Uint8Array): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
    string,
    { data_offsets: [number, number] }
  >
  const kept = Object.entries(header).filter(
    ([name, entry]) => name !== '__metadata__' && entry.data_offsets[1] <= 8192,
  )
  const end = kept.reduce((most, [, entry]) => Math.max(most, entry.data_offsets[1]), 0)
  return safetensorsFile(
    Object.fromEntries(kept) as unknown as JsonObject,
    bytes.subarray(8 + length, 8 + length + end),
  )
}

/** tokenizer.json: mutants of every kind of tokenizer, vocabularies cut to what a case can afford. */
export function tokenizerTarget(): FuzzTarget {
  const recorded = JSON.parse(gunzipSync(file('tokenizers', 'encodings.json.gz')).toString()) as {
    tokenizers: Record<string, { definition: JsonValue }>
  }
  const seeds = Object.values(recorded.tokenizers).map(({ definition }) => cutVocabulary(definition as JsonObject))
  return {
    name: 'tokenizer.json',
    run: (random) =>
      tolerate(() =>
        exercise(
          buildTokenizer(tokenizerFromJson({ file: 'mutant.json', json: mutateJson(random.pick(seeds), random) })),
        ),
      ),
  }
}

function cutVocabulary(definition: JsonObject): JsonObject {
  const model = definition.model as JsonObject
  const merges = (model.merges as JsonValue[] | undefined)?.slice(0, 40)
  const used = new Set((merges ?? []).flatMap((merge) => [...(merge as string[]), (merge as string[]).join('')]))
  const keeps = (token: string, place: number): boolean => place < 300 || used.has(token)
  const vocab = Array.isArray(model.vocab)
    ? model.vocab.slice(0, 200)
    : Object.fromEntries(Object.entries(model.vocab as JsonObject).filter(([token], place) => keeps(token, place)))
  return { ...definition, model: { ...model, vocab, ...(merges && { merges }) } }
}

const templates = [
  "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are helpful<|im_end|>\\n' }}{% endif %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% else %}{% set loop_messages = messages %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}{{ '<start>' + message['content'] | trim + '<end>' }}{% endfor %}",
  "{%- if tools %}{{- '# Tools\\n' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{%- endif %}{%- set ns = namespace(n=0) %}{%- macro show(m) %}{{ m.role | upper }}: {{ m.content }}{% endmacro %}{%- for m in messages %}{%- set ns.n = ns.n + 1 %}{{ show(m) }}{%- if m.tool_calls is defined %}{% for c in m.tool_calls %}{{ c.function.arguments | tojson(indent=2) }}{% endfor %}{% endif %}{% endfor %}{{ range(3) | join(',') }}{{ strftime_now('%d %b %Y') }}{{ ns.n }}",
]
const hostile = [
  '{% for i in range(1000000000) %}x{% endfor %}',
  '{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}',
  "{% set s = 'xxxxxxxxxxxxxxxx' %}{% set s = s * 10000000 %}{{ s }}",
  "{% set n = namespace(s='ab') %}{% for i in range(60) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s }}",
  '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
  `{{ ${'('.repeat(3000)}1${')'.repeat(3000)} }}`,
  `{{ ${'not '.repeat(5000)}1 }}`,
  `${'{% if true %}'.repeat(2000)}`,
  '{{ messages.constructor }}{{ messages.__proto__ }}{{ [].constructor.constructor("return process")() }}',
]

/** Chat templates: mutants of three styles, hostile ones, and mutants of those. */
export function chatTemplateTarget(): FuzzTarget {
  const tokenizer = buildTokenizer(
    tokenizerFromJson({ file: 'tiny', json: readFixtureJson<JsonValue>('tiny-llama', 'tokenizer.json') }),
  )
  return {
    name: 'chat template',
    run: (random) =>
      tolerate(() => {
        let source = random.below(50) === 0 ? random.pick(hostile) : random.pick(templates)
        for (let count = random.below(4); count > 0; count--) source = mutateText(source, random)
        const template = jinjaChatTemplate(source, { file: 'mutant.jinja', tokenizer })
        template.render({
          messages: [
            { role: 'user', content: 'hi <|im_end|>' },
            { role: 'assistant', content: 'yes', toolCalls: [{ id: '1', name: 'f', arguments: { a: [1, 'x'] } }] },
          ],
          tools: [{ name: 'f', description: 'd', parameters: { type: 'object' } }],
          continueFinalMessage: random.below(2) === 0,
        })
      }),
  }
}

/** The JSON files around the weights: index, configurations, modules. */
export function folderTarget(): FuzzTarget {
  const weights = cutTensors(file('tiny-bert', 'model.safetensors'))
  const json = Object.fromEntries(
    [
      'config.json',
      'tokenizer_config.json',
      'modules.json',
      '1_Pooling/config.json',
      'sentence_bert_config.json',
      'config_sentence_transformers.json',
    ].map((name) => [name, readFixtureJson<JsonValue>('tiny-bert', ...name.split('/'))]),
  )
  const tokenizer = file('tiny-bert', 'tokenizer.json')
  const names = Object.keys(
    JSON.parse(
      new TextDecoder().decode(weights.subarray(8, 8 + Number(new DataView(weights.buffer).getBigUint64(0, true)))),
    ) as object,
  )
  const index: JsonValue = {
    metadata: { total_size: 1 },
    weight_map: Object.fromEntries(names.map((name) => [name, 'model-00001-of-00001.safetensors'])),
  }
  return {
    name: 'index and configuration files',
    run: (random) =>
      tolerate(async () => {
        if (random.below(2) === 0) {
          const document = { file: 'mutant.index.json', json: mutateJson(index, random) }
          await readSome(await openShardedSafetensors(document, async () => memoryBytes(weights, 'shard')))
          return
        }
        const changed = random.pick(Object.keys(json))
        const model = await openFolder(
          {
            name: 'mutant',
            open: async (path) => {
              if (path === 'model.safetensors') return memoryBytes(weights, path)
              if (path === 'tokenizer.json') return memoryBytes(tokenizer, path)
              if (!Object.hasOwn(json, path)) return undefined
              const original = new TextEncoder().encode(JSON.stringify(json[path]))
              if (path !== changed) return memoryBytes(original, path)
              return memoryBytes(
                random.below(3) === 0
                  ? mutateBytes(original, random)
                  : new TextEncoder().encode(JSON.stringify(mutateJson(json[path]!, random))),
                path,
              )
            },
          },
          { hashOf: async () => '' },
        )
        exercise(model.tokenizer)
      }),
  }
}

/** The directory of zip files: mutants of a small one. */
export function zipTarget(): FuzzTarget {
  const seed = Uint8Array.from(
    Buffer.from(
      'UEsDBBQAAAAAAAAAIQCGphA2BQAAAAUAAAABAAAAYWhlbGxvUEsBAhQDFAAAAAAAAAAhAIamEDYFAAAABQAAAAEAAAAAAAAAAAAAAIABAAAAAGFQSwUGAAAAAAEAAQAvAAAAJAAAAAAA',
      'base64',
    ),
  )
  return {
    name: 'zip',
    run: (random) => tolerate(() => readZipDirectory(memoryBytes(mutateBytes(seed, random), 'mutant.whl'))),
  }
}

/** All targets. */
export function fuzzTargets(): FuzzTarget[] {
  return [ggufTarget(), safetensorsTarget(), tokenizerTarget(), chatTemplateTarget(), folderTarget(), zipTarget()]
}

export interface FuzzFault {
  readonly target: string
  readonly seed: number
  readonly problem: string
}

/** Of processor time. A case that takes longer has something quadratic in it. */
const longestMs = 2500
const mostMemoryBytes = 700_000_000

/** Runs one case by its number; gives the fault, if any. */
export async function runFuzzCase(target: FuzzTarget, seed: number): Promise<FuzzFault | undefined> {
  const fault = (problem: string): FuzzFault => ({ target: target.name, seed, problem })
  const start = process.cpuUsage()
  try {
    await target.run(new Random(seed))
  } catch (error) {
    return fault(error instanceof Error ? (error.stack ?? error.message).slice(0, 1500) : String(error))
  }
  const used = process.cpuUsage(start)
  const elapsed = Math.round((used.user + used.system) / 1000)
  if (elapsed > longestMs) return fault(`it took ${elapsed} ms`)
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed > mostMemoryBytes ? fault(`it holds ${arrayBuffers + heapUsed} bytes`) : undefined
}
