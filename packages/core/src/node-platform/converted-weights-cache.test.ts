import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ConvertedWeights, ConvertedWeightsWriter } from '../weights/converted-weights.ts'
import { convertedWeightsCache } from './converted-weights-cache.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-converted-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function buildTwo(writer: ConvertedWeightsWriter): Promise<void> {
  await writer.write('a', Float32Array.of(1, 2, 3))
  await writer.writePieces(
    'b',
    (async function* () {
      yield Uint8Array.of(1, 2)
      yield Uint8Array.of(3)
    })(),
  )
}

async function bytesOf(weights: ConvertedWeights | undefined, name: string): Promise<Uint8Array> {
  const { path, offset, length } = weights!.tensors.get(name)!
  return new Uint8Array((await readFile(path)).subarray(offset, offset + length))
}

describe('convertedWeightsCache', () => {
  test('builds once, and gives the same places again', async () => {
    const cache = convertedWeightsCache({ folder })
    let builds = 0
    const build = async (writer: ConvertedWeightsWriter): Promise<void> => {
      builds++
      await buildTwo(writer)
    }
    const first = await cache.convertedWeights('key', build)
    const second = await cache.convertedWeights('key', build)
    expect(builds).toBe(1)
    expect(second).toEqual(first)
    expect(new Float32Array((await bytesOf(second, 'a')).buffer)).toEqual(Float32Array.of(1, 2, 3))
    expect(await bytesOf(second, 'b')).toEqual(Uint8Array.of(1, 2, 3))
    expect([...second!.tensors.values()].every(({ offset }) => offset % 64 === 0)).toBe(true)
  })

  test('an interrupted build leaves nothing and throws the reason', async () => {
    const cache = convertedWeightsCache({ folder })
    const controller = new AbortController()
    const reason = new DOMException('enough', 'AbortError')
    const build = async (writer: ConvertedWeightsWriter): Promise<void> => {
      await writer.write('a', Float32Array.of(1))
      controller.abort(reason)
      await writer.write('b', Float32Array.of(1))
    }
    await expect(cache.convertedWeights('key', build, { signal: controller.signal })).rejects.toBe(reason)
    expect(await readdir(folder)).toEqual([])
  })

  test('a damaged entry is built again', async () => {
    const cache = convertedWeightsCache({ folder })
    const { path } = (await cache.convertedWeights('key', buildTwo))!
    await truncate(path, 5)
    const again = await cache.convertedWeights('key', buildTwo)
    expect(await bytesOf(again, 'b')).toEqual(Uint8Array.of(1, 2, 3))
    await writeFile(path.replace(/\.weights$/, '.json'), '{"key":"key"')
    expect(await bytesOf(await cache.convertedWeights('key', buildTwo), 'b')).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('two builds of one key at the same time both end with whole weights', async () => {
    const cache = convertedWeightsCache({ folder })
    const both = await Promise.all([cache.convertedWeights('key', buildTwo), cache.convertedWeights('key', buildTwo)])
    for (const weights of both) expect(await bytesOf(weights, 'b')).toEqual(Uint8Array.of(1, 2, 3))
    expect((await readdir(folder)).length).toBe(2)
  })

  test('the least recently used entries go when the limit is passed, never the newest', async () => {
    const cache = convertedWeightsCache({ folder, limitBytes: 25_000 })
    const build = (writer: ConvertedWeightsWriter): Promise<void> => writer.write('a', new Uint8Array(10_000))
    for (const key of ['one', 'two']) {
      await cache.convertedWeights(key, build)
      await new Promise((resolve) => setTimeout(resolve, 15))
    }
    await cache.convertedWeights('one', build)
    await new Promise((resolve) => setTimeout(resolve, 15))
    await cache.convertedWeights('three', build)
    expect((await cache.list()).map((entry) => entry.key)).toEqual(['one', 'three'])
    expect(await cache.clear('one')).toBe(10_000)
    expect(await cache.clear()).toBe(10_000)
    expect(await readdir(folder)).toEqual([])
  })

  test('a folder that cannot be written gives undefined, an error of the build is thrown', async () => {
    await writeFile(join(folder, 'file'), '')
    const blocked = convertedWeightsCache({ folder: join(folder, 'file', 'inside') })
    expect(await blocked.convertedWeights('key', buildTwo)).toBeUndefined()
    const cause = new Error('no such weight')
    await expect(convertedWeightsCache({ folder }).convertedWeights('key', () => Promise.reject(cause))).rejects.toBe(
      cause,
    )
  })
})
