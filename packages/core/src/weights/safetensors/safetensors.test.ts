import { expect, test } from 'vitest'
import { memoryBytes } from '../memory-bytes.ts'
import { openSafetensors, openShardedSafetensors } from './open-safetensors.ts'

function file(header: unknown, dataLength: number, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataLength)
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true)
  bytes.set(json, 8)
  for (let i = 0; i < dataLength; i++) bytes[8 + json.length + i] = i
  return bytes
}

const tensor = (dtype: string, shape: number[], begin: number, end: number): object => ({
  dtype,
  shape,
  data_offsets: [begin, end],
})
const open = (bytes: Uint8Array): ReturnType<typeof openSafetensors> =>
  openSafetensors(memoryBytes(bytes, 'test.safetensors'))

test('tensors are read in their own type and given as float32', async () => {
  const bytes = file(
    {
      __metadata__: { format: 'pt' },
      a: tensor('F32', [2], 0, 8),
      b: tensor('I64', [1], 8, 16),
      c: tensor('F16', [2], 16, 20),
      e: tensor('F32', [0, 4], 20, 20),
      s: tensor('BF16', [], 20, 22),
      f: tensor('F8_E4M3', [2], 22, 24),
    },
    24,
  )
  const view = new DataView(bytes.buffer)
  const start = bytes.length - 24
  view.setFloat32(start, 1.5, true)
  view.setFloat32(start + 4, -2, true)
  view.setBigInt64(start + 8, -7n, true)
  view.setUint16(start + 16, 0x3c00, true)
  view.setUint16(start + 18, 0xc000, true)
  view.setUint16(start + 20, 0x3fc0, true)
  const weights = await open(bytes)
  expect(await weights.float32('a')).toEqual(Float32Array.of(1.5, -2))
  expect(await weights.float32('b')).toEqual(Float32Array.of(-7))
  expect(await weights.float32('c')).toEqual(Float32Array.of(1, -2))
  expect(await weights.float32('e')).toEqual(new Float32Array(0))
  expect(await weights.float32('s')).toEqual(Float32Array.of(1.5))
  expect(weights.info('e')).toEqual({ dtype: 'float32', shape: [0, 4], byteLength: 0 })
  await expect(weights.float32('f')).rejects.toMatchObject({ code: 'file-format' })
  await expect(weights.float32('none')).rejects.toMatchObject({ code: 'invalid-argument' })
  // in memory there is no file to point into
  expect(weights.location('a')).toBeUndefined()
})

test('rows alone are the rows of the whole', async () => {
  const weights = await open(file({ a: tensor('U8', [4, 3], 0, 12) }, 12))
  expect(await weights.float32Rows('a', 1, 3)).toEqual((await weights.float32('a')).slice(3, 9))
  await expect(weights.float32Rows('a', 3, 5)).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('old names of layer norms are given as the new ones', async () => {
  const weights = await open(
    file({ 'x.LayerNorm.gamma': tensor('U8', [1], 0, 1), 'x.LayerNorm.beta': tensor('U8', [1], 1, 2) }, 2),
  )
  expect(weights.names).toEqual(['x.LayerNorm.weight', 'x.LayerNorm.bias'])
})

test.each<[string, Uint8Array]>([
  ['an empty file', new Uint8Array(0)],
  ['a header longer than the file', file({}, 0, 1000n)],
  ['a header of 2^63 bytes', file({}, 0, 2n ** 63n)],
  ['a header that is not JSON', file('{"a":', 0)],
  ['a header that is a list', file([], 0)],
  ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0)],
  ['an unknown type', file({ a: tensor('F31', [1], 0, 4) }, 4)],
  ['a type from the prototype', file({ a: tensor('constructor', [1], 0, 4) }, 4)],
  ['a shape that does not fit its bytes', file({ a: tensor('F32', [2], 0, 4) }, 4)],
  ['a negative size', file({ a: tensor('F32', [-1], 0, 4) }, 4)],
  ['sizes that overflow', file({ a: tensor('U8', [2 ** 40, 2 ** 40], 0, 4) }, 4)],
  ['a hole', file({ a: tensor('U8', [1], 0, 1), b: tensor('U8', [1], 2, 3) }, 3)],
  ['an overlap', file({ a: tensor('U8', [2], 0, 2), b: tensor('U8', [2], 1, 3) }, 3)],
  ['bytes behind the last tensor', file({ a: tensor('U8', [1], 0, 1) }, 2)],
  ['tensors behind the end', file({ a: tensor('U8', [9], 0, 9) }, 2)],
  [
    'the same name twice',
    file(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}',
      2,
    ),
  ],
])('%s is refused', async (_, bytes) => {
  await expect(open(bytes)).rejects.toMatchObject({
    code: 'file-format',
    file: 'test.safetensors',
    offset: expect.any(Number),
  })
})

const shard = file({ a: tensor('U8', [1], 0, 1) }, 1)
const index = (map: unknown): { file: string; json: unknown } => ({ file: 'index.json', json: { weight_map: map } })

test('shards are one set of weights', async () => {
  const other = file({ b: tensor('U8', [1], 0, 1) }, 1)
  const weights = await openShardedSafetensors(index({ a: 'x-1.safetensors', b: 'x-2.safetensors' }), async (name) =>
    memoryBytes(name === 'x-1.safetensors' ? shard : other, name),
  )
  expect(weights.names).toEqual(['a', 'b'])
})

test.each<[string, unknown]>([
  ['no map', undefined],
  ['an empty map', {}],
  ['a path that leads up', { a: '../x.safetensors' }],
  ['an absolute path', { a: '/x.safetensors' }],
  ['a path that leads down', { a: 'sub/x.safetensors' }],
  ['a number', { a: 1 }],
  ['another kind of file', { a: 'x.bin' }],
  ['a tensor that the file does not hold', { b: 'x.safetensors' }],
  ['a file that holds more than it should twice', { a: 'x.safetensors', z: 'y.safetensors' }],
])('an index with %s is refused', async (_, map) => {
  await expect(openShardedSafetensors(index(map), async () => memoryBytes(shard, 'x'))).rejects.toMatchObject({
    code: 'file-format',
  })
})

test('a missing shard is named', async () => {
  await expect(openShardedSafetensors(index({ a: 'x.safetensors' }), async () => undefined)).rejects.toMatchObject({
    problem: expect.stringContaining('x.safetensors'),
  })
})
