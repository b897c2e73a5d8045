import { readFileSync } from 'node:fs'
import type { JsonValue } from '@lc/model'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { memoryBytes } from '../weights/memory-bytes.ts'
import type { ModelFiles } from './model-files.ts'
import { openFolder } from './open-folder.ts'

const fixture = (folder: string, name: string): Uint8Array =>
  new Uint8Array(readFileSync(fixturePath(folder, ...name.split('/'))))
const llamaFiles = (): Record<string, Uint8Array> =>
  Object.fromEntries(
    ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.safetensors'].map((name) => [
      name,
      fixture('tiny-llama', name),
    ]),
  )
const json = (value: JsonValue): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

function open(files: Record<string, Uint8Array | undefined>): Promise<ModelFiles> {
  return openFolder(
    {
      name: 'folder',
      open: async (path) => {
        const bytes = files[path]
        return bytes && memoryBytes(bytes, `folder/${path}`)
      },
    },
    { hashOf: async (sources) => sources.map((source) => source.name).join() },
  )
}

/** The template that a folder's files lead to. */
async function template(files: Record<string, Uint8Array>, tools = false): Promise<string | undefined> {
  const plain = {
    ...(JSON.parse(new TextDecoder().decode(fixture('tiny-llama', 'tokenizer_config.json'))) as Record<
      string,
      JsonValue
    >),
  }
  delete plain.chat_template
  const model = await open({ ...llamaFiles(), 'tokenizer_config.json': json(plain), ...files })
  return model.chatTemplate?.render({
    messages: [{ role: 'user', content: 'x' }],
    ...(tools && { tools: [{ name: 'f', parameters: {} }] }),
  }).text
}

describe('openFolder', () => {
  test('opens configuration, weights, tokenizer, template and end tokens', async () => {
    const model = await open({ ...llamaFiles(), 'generation_config.json': json({ eos_token_id: [3, 5] }) })
    expect(model.config.model_type).toBe('llama')
    expect(model.generationConfig).toEqual({ eos_token_id: [3, 5] })
    expect(model.endTokens).toEqual(expect.arrayContaining([3, 5, model.tokenizer.idOf('<|im_end|>')]))
    expect(model.hash).toBe('folder/model.safetensors')
    expect(model.sentenceTransformers).toBeUndefined()
    expect(await model.weights.float32('model.norm.weight')).toHaveLength(32)
  })

  test.each([
    ['config.json', { 'config.json': undefined }],
    ['tokenizer.json', { 'tokenizer.json': undefined }],
    ['model.safetensors', { 'model.safetensors': undefined }],
  ])('says that %s is missing', async (name, change) => {
    await expect(open({ ...llamaFiles(), ...change })).rejects.toMatchObject({
      code: 'file-format',
      problem: expect.stringContaining(name),
    })
  })

  test.each<[string, Record<string, Uint8Array>]>([
    ['a configuration that is a list', { 'config.json': json([]) }],
    ['a configuration that is not JSON', { 'config.json': new TextEncoder().encode('{') }],
    ['a configuration that is not UTF-8', { 'config.json': Uint8Array.of(0xff, 0xfe) }],
    ['a template that does not parse', { 'chat_template.jinja': new TextEncoder().encode('{% for %}') }],
    ['templates without a name', { 'tokenizer_config.json': json({ chat_template: [{ template: 'x' }] }) }],
    ['modules that are no list', { 'modules.json': json({}) }],
    ['a module that leads out of the folder', { 'modules.json': json([{ type: 'a.Pooling', path: '../x' }]) }],
    ['an index without weights', { 'model.safetensors': new Uint8Array(3) }],
  ])('%s is refused', async (_, change) => {
    await expect(open({ ...llamaFiles(), ...change })).rejects.toMatchObject({ code: 'file-format' })
  })

  test('the template comes from the first file that has one', async () => {
    expect(await template({})).toBeUndefined()
    const inJson = { 'chat_template.json': json({ chat_template: 'from json' }) }
    const inConfig = { 'tokenizer_config.json': json({ chat_template: 'from config' }) }
    expect(await template(inJson)).toBe('from json')
    expect(await template({ ...inJson, ...inConfig })).toBe('from config')
    expect(await template({ ...inJson, ...inConfig, 'chat_template.jinja': new TextEncoder().encode('own') })).toBe(
      'own',
    )
  })

  test('named templates: the default one, and the one for tools', async () => {
    const named = {
      'tokenizer_config.json': json({
        chat_template: [
          { name: 'rag', template: 'rag' },
          { name: 'default', template: 'plain' },
          { name: 'tool_use', template: 'tools' },
        ],
      }),
    }
    expect(await template(named)).toBe('plain')
    expect(await template(named, true)).toBe('tools')
  })

  test('sentence-transformers settings', async () => {
    const model = await open({
      ...llamaFiles(),
      'modules.json': json([
        { type: 'sentence_transformers.models.Transformer', path: '' },
        { type: 'sentence_transformers.models.Pooling', path: '1_Pooling' },
      ]),
      '1_Pooling/config.json': json({ pooling_mode_mean_tokens: true }),
      'sentence_bert_config.json': json({ max_seq_length: 128, do_lower_case: true }),
      'config_sentence_transformers.json': json({ prompts: { query: 'q: ', bad: 1 }, default_prompt_name: 'query' }),
    })
    expect(model.sentenceTransformers).toEqual({
      modules: ['Transformer', 'Pooling'],
      pooling: { pooling_mode_mean_tokens: true },
      maxLength: 128,
      lowerCase: true,
      prompts: { query: 'q: ' },
      defaultPrompt: 'query',
    })
  })
})
