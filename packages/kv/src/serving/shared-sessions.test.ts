/** @file What forks of sessions cost: nothing until they write, and then only those that come second. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CacheSession, loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import { afterAll, describe, expect, test } from 'vitest'
import { restoreSession, saveSession } from '../node/session-file.ts'
import { residentBytes } from './resident-bytes.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 1024 })
const place = await mkdtemp(join(tmpdir(), 'lc-shared-'))
afterAll(async () => {
  await model.close()
  await device.close()
  await rm(place, { recursive: true })
})

const prompt = Array.from({ length: 330 }, (_, index) => 3 + ((index * 37) % 300))
const layersOf = ({ cache }: CacheSession) =>
  Array.from({ length: cache.shape.layers }, (_, layer) => cache.layer(layer))

describe.each(['float32', 'int8', 'int4'] as const)('%s', (cache) => {
  test('forks that only read share every layer, also for long scores; bytes count once', async () => {
    const session = model.session({ cache })
    await session.prefill(prompt)
    const alone = residentBytes([session])
    expect(alone).toBe(session.report().bytes.allocated)
    const forks = [session.fork(), session.fork(), session.fork()]
    await forks[0]!.score(prompt.slice(0, 40))
    forks[1]!.report()
    await forks[2]!.save()
    for (const fork of forks) expect(layersOf(fork)).toEqual(layersOf(session))
    expect(residentBytes([session, ...forks])).toBe(alone)
    for (const each of [session, ...forks]) await each.close()
  })

  test('the first to answer copies nothing, the second what it shares', async () => {
    const session = model.session({ cache })
    await session.prefill(prompt)
    const [first, second] = [session.fork(), session.fork()]
    const answer = await first.append([5, 6, 7])
    expect(layersOf(first).every((layer, index) => layer === layersOf(session)[index])).toBe(true)
    expect(await second.append([5, 6, 7])).toEqual(answer)
    expect(layersOf(second).some((layer, index) => layer === layersOf(session)[index])).toBe(false)
    // and the one that was forked goes on as if it had never been
    const whole = model.session({ cache })
    await whole.prefill(prompt)
    expect(await session.append([9, 10])).toEqual(await whole.append([9, 10]))
    for (const each of [session, first, second, whole]) await each.close()
  })

  test('a file that was shortened, changed, of another version or another model is refused; the session goes on', async () => {
    const session = model.session({ cache })
    await session.prefill(prompt)
    const path = join(place, `${cache}.session`)
    await saveSession(session, path)
    const bytes = await readFile(path)
    const refused = async (other: Uint8Array, message: RegExp) => {
      await writeFile(join(place, 'other'), other)
      const failure = restoreSession(session, join(place, 'other'))
      await expect(failure).rejects.toMatchObject({ code: 'file-format', message: expect.stringMatching(message) })
    }
    const changed = (at: number, value: number) => {
      const copy = new Uint8Array(bytes)
      copy[at] = value
      return copy
    }
    await refused(bytes.subarray(0, bytes.length - 9), /bytes where its header says/)
    await refused(changed(bytes.length - 40, bytes[bytes.length - 40]! ^ 1), /checksum/)
    await refused(changed(7, '2'.charCodeAt(0)), /its version is 0002; this one reads 0003/)
    const stranger = join(place, `model-${cache}`)
    await cp(folder, stranger, { recursive: true })
    const weights = await readFile(join(stranger, 'model.safetensors'))
    weights[weights.length - 3]! ^= 1
    await writeFile(join(stranger, 'model.safetensors'), weights)
    const other = await loadModel({ folder: stranger }, { platform, device, accuracy: 'exact', contextLength: 1024 })
    const foreign = other.session({ cache })
    await foreign.prefill(prompt.slice(0, 20))
    await refused(await foreign.save(), /another model/)
    await foreign.close()
    await other.close()
    const restored = model.session({ cache })
    await restoreSession(restored, path)
    expect(await restored.append([5, 6])).toEqual(await session.append([5, 6]))
    await session.close()
    await restored.close()
  })
})
