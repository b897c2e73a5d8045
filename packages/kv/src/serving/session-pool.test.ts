import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadModel } from '@lc/core'
import { nodePlatform } from '@lc/core/node'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { folderSessionStore } from '../node/folder-session-store.ts'
import { restoreSession, saveSession } from '../node/session-file.ts'
import { h2o } from '../policies/h2o.ts'
import { snapKv } from '../policies/snap-kv.ts'
import { streamingLlm } from '../policies/streaming-llm.ts'
import { residentBytes } from './resident-bytes.ts'
import { SessionPool } from './session-pool.ts'
import type { SessionStore } from './session-store.ts'

const { convertedWeights: _, ...platform } = nodePlatform({})
const device = await platform.openDevice({ kind: 'cpu', threads: 1 })
const folder = new URL('../../../core/fixtures/tiny-llama', import.meta.url).pathname
const model = await loadModel({ folder }, { platform, device, accuracy: 'exact', contextLength: 512 })
const place = await mkdtemp(join(tmpdir(), 'lc-sessions-'))
afterAll(async () => {
  await model.close()
  await device.close()
  await rm(place, { recursive: true })
})

const prompt = Array.from({ length: 60 }, (_, index) => 3 + ((index * 37) % 300))
const textOf = (key: number) => [...prompt, key + 5, key + 6]
const policy = () => h2o({ budget: 40 })
let folders = 0
const freshStore = () => folderSessionStore(join(place, String(folders++)))

/** What a session that is never saved away says after the same calls. */
async function alone(...texts: number[][]): Promise<Float32Array> {
  await using session = model.session({ policy: policy() })
  let logits = new Float32Array()
  for (const text of texts) logits = (await session.prefill(text)) as Float32Array<ArrayBuffer>
  return logits
}

/** Room for about two sessions of these. */
async function twoSessions(): Promise<number> {
  await using session = model.session({ policy: policy() })
  await session.prefill(textOf(0))
  return 2 * session.cache.bytes
}

describe('a session pool', () => {
  test('keeps the budget: the sessions used longest ago are saved away, and go on as if they had not been', async () => {
    const memoryBytes = await twoSessions()
    await using pool = new SessionPool({ model, memoryBytes, store: freshStore(), session: { policy: policy() } })
    for (let key = 0; key < 5; key++) await pool.use(`user ${key}`, (session) => session.prefill(textOf(key)))
    expect(pool.report()).toMatchObject({ spills: 3, restores: 0, memoryBytes })
    expect(pool.report().sessions.map(({ key }) => key)).toEqual(['user 3', 'user 4'])
    expect(pool.report().bytes).toBeLessThanOrEqual(memoryBytes)
    for (let key = 0; key < 5; key++) {
      const logits = await pool.use(`user ${key}`, (session) => session.prefill([9, key + 1]))
      expect(logits).toEqual(await alone(textOf(key), [9, key + 1]))
    }
    expect(pool.report().bytes).toBeLessThanOrEqual(memoryBytes)
    expect(pool.report().restores).toBe(5)
  })

  test('begins sessions as forks: the prefix is read once and shared until written', async () => {
    const session = { policy: streamingLlm({ budget: 200 }) }
    await using pool = new SessionPool({ model, memoryBytes: 1e9, store: freshStore(), session })
    await pool.use('document', (each) => each.prefill(prompt))
    const before = pool.report().bytes
    await pool.use('reader', async () => undefined, { from: 'document' })
    expect(pool.report().bytes).toBe(before)
    const [left, right] = await Promise.all(
      ['left', 'right'].map((key, index) => pool.use(key, (each) => each.prefill([8, index]), { from: 'document' })),
    )
    expect(
      pool
        .report()
        .sessions.map(({ tokens }) => tokens)
        .sort(),
    ).toEqual([60, 60, 62, 62])
    await using whole = model.session(session)
    await whole.prefill(prompt)
    await using other = whole.fork()
    expect(left).toEqual(await whole.prefill([8, 0]))
    expect(right).toEqual(await other.prefill([8, 1]))
    const failure = { code: 'invalid-argument', argument: 'from' }
    await expect(pool.use('new', async () => 1, { from: 'nobody' })).rejects.toMatchObject(failure)
    await expect(pool.use('new', async () => 1, { from: 'new' })).rejects.toMatchObject(failure)
    expect(await pool.use('left', async (each) => each.tokens.length, { from: 'document' })).toBe(62)
  })

  test('forks from a session that was saved away, and both stay independent', async () => {
    await using pool = new SessionPool({ model, memoryBytes: 1, store: freshStore(), session: { policy: policy() } })
    await pool.use('document', (session) => session.prefill(prompt))
    expect(pool.report().sessions).toEqual([])
    const logits = await pool.use('reader', (session) => session.prefill([8, 1]), { from: 'document' })
    expect(logits).toEqual(await alone(prompt, [8, 1]))
    expect(await pool.use('document', (session) => session.prefill([7]))).toEqual(await alone(prompt, [7]))
  })

  test('what waits for each other does not wait forever', async () => {
    await using pool = new SessionPool({ model, memoryBytes: 1, store: freshStore(), session: { policy: policy() } })
    const results = await Promise.allSettled([
      pool.use('a', async () => 1, { from: 'b' }),
      pool.use('b', async () => 1, { from: 'a' }),
    ])
    expect(results.some(({ status }) => status === 'rejected')).toBe(true)
    const many = Array.from({ length: 12 }, (_, index) =>
      pool.use(`key ${index % 3}`, (session) => session.prefill([5, index])),
    )
    await Promise.all(many)
    for (const key of ['key 0', 'key 1', 'key 2'])
      expect(await pool.use(key, async (session) => session.tokens.length)).toBe(8)
  })

  test('saves for the next program, and removes', async () => {
    const store = freshStore()
    const options = { model, memoryBytes: 1e9, store, session: { policy: policy() } }
    const first = new SessionPool(options)
    await first.use('user', (session) => session.prefill(textOf(1)))
    await first.save()
    await first.close()
    await expect(first.use('user', async () => 1)).rejects.toMatchObject({ code: 'disposed' })
    await using second = new SessionPool(options)
    expect(await second.use('user', (session) => session.prefill([9]))).toEqual(await alone(textOf(1), [9]))
    await second.remove('user')
    expect(await second.use('user', async (session) => session.tokens.length)).toBe(0)
  })

  test('a store that fails costs no session: it stays, the next work is refused before it begins', async () => {
    const full = new Error('no space left')
    let broken = false
    const kept = freshStore()
    const store: SessionStore = {
      ...kept,
      write: (...args) => (broken ? Promise.reject(full) : kept.write(...args)),
    }
    await using pool = new SessionPool({ model, memoryBytes: 1, store, session: { policy: policy() } })
    broken = true
    const logits = await pool.use('user', (session) => session.prefill(textOf(1)))
    expect(logits).toEqual(await alone(textOf(1)))
    expect(pool.report()).toMatchObject({ spills: 0, sessions: [{ key: 'user', tokens: 62 }] })
    let begun = false
    const other = pool.use('other', async () => {
      begun = true
    })
    await expect(other).rejects.toBe(full)
    expect(begun).toBe(false)
    broken = false
    expect(await pool.use('user', (session) => session.prefill([9]))).toEqual(await alone(textOf(1), [9]))
  })

  test('an abort while a session is saved away or restored leaves it whole', async () => {
    const controller = new AbortController()
    const kept = freshStore()
    let atWrite: (() => void) | undefined
    const store: SessionStore = {
      ...kept,
      write: (key, bytes, options) => {
        atWrite?.()
        return kept.write(key, bytes, options)
      },
    }
    const memoryBytes = await twoSessions()
    await using pool = new SessionPool({ model, memoryBytes, store, session: { policy: policy() } })
    for (const key of ['a', 'b']) await pool.use(key, (session) => session.prefill(textOf(1)))
    await pool.use('c', async (session) => {
      await session.prefill(textOf(1))
      // too many now; the next work must make room
      atWrite = () => controller.abort('enough')
    })
    const stopped = pool.use('d', async () => 1, { signal: controller.signal })
    await Promise.allSettled([stopped])
    atWrite = undefined
    await expect(pool.use('a', async () => 1, { signal: AbortSignal.abort('late') })).rejects.toBe('late')
    for (const key of ['a', 'b', 'c'])
      expect(await pool.use(key, (session) => session.prefill([9]))).toEqual(await alone(textOf(1), [9]))
  })

  test('a session that its work leaves unusable is closed and forgotten', async () => {
    await using pool = new SessionPool({ model, memoryBytes: 1e9, store: freshStore() })
    await pool.use('user', (session) => session.prefill(prompt))
    const broken = pool.use('user', (session) =>
      session.edit([
        { type: 'remove-range', from: 0, to: 2 },
        { type: 'write', layer: 0, head: 0, slot: 999 },
      ]),
    )
    await expect(broken).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(pool.report().sessions).toEqual([])
    expect(await pool.use('user', async (session) => session.tokens.length)).toBe(0)
  })

  test('whatever the order of use, every session says what it says alone', async () => {
    const uses = fc.array(
      fc.record({
        key: fc.nat(3),
        id: fc.integer({ min: 3, max: 200 }),
        from: fc.option(fc.nat(3), { nil: undefined }),
      }),
      { minLength: 1, maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(uses, fc.constantFrom(1, 100_000, 1e9), async (chosen, memoryBytes) => {
        await using pool = new SessionPool({ model, memoryBytes, store: freshStore(), session: { policy: policy() } })
        const texts = new Map<number, number[][]>()
        for (const { key, id, from } of chosen) {
          const origin = from !== undefined && from !== key && texts.has(from) ? { from: `${from}` } : {}
          const before = texts.get(key) ?? ('from' in origin ? texts.get(from!)! : [])
          await pool.use(`${key}`, (session) => session.prefill([...prompt, id]), origin)
          texts.set(key, [...before, [...prompt, id]])
        }
        for (const [key, parts] of texts)
          expect(await pool.use(`${key}`, (session) => session.prefill([4]))).toEqual(await alone(...parts, [4]))
      }),
      { numRuns: 12 },
    )
  })

  test.each([0, -1, 1.5, Number.NaN])('a budget of %s is refused', (memoryBytes) => {
    expect(() => new SessionPool({ model, memoryBytes, store: freshStore() })).toThrow(
      expect.objectContaining({ code: 'invalid-argument', argument: 'memoryBytes' }),
    )
  })
})

describe('a session file', () => {
  const file = join(place, 'one.session')
  const make = () => model.session({ policy: snapKv({ budget: 40, window: 8 }) })

  test('is read back by another session; edited, cut and foreign ones are refused and nothing changes', async () => {
    await using session = make()
    await session.prefill(prompt)
    await saveSession(session, file)
    await using restored = make()
    await restoreSession(restored, file)
    const bytes = await readFile(file)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, change, cut) => {
          const mutant = cut ? bytes.subarray(0, at) : Uint8Array.from(bytes)
          if (!cut) mutant[at] = mutant[at]! ^ change
          await writeFile(join(place, 'mutant.session'), mutant)
          await expect(restoreSession(restored, join(place, 'mutant.session'))).rejects.toMatchObject({
            code: 'file-format',
          })
        },
      ),
      { numRuns: 60 },
    )
    await using other = model.session({ policy: snapKv({ budget: 40, window: 8 }), plannedLength: 100 })
    await expect(restoreSession(other, file)).rejects.toMatchObject({ code: 'invalid-argument' })
    expect(await restored.prefill([7, 8])).toEqual(await session.prefill([7, 8]))
  })

  test('is whole or not there: an abort leaves the old file and nothing beside it', async () => {
    await using session = make()
    await session.prefill(prompt)
    const target = join(place, 'whole', 'a.session')
    await saveSession(session, target)
    const before = await readFile(target)
    await session.append([5])
    await expect(saveSession(session, target, { signal: AbortSignal.abort('stop') })).rejects.toBe('stop')
    expect(await readFile(target)).toEqual(before)
    expect(await readdir(join(place, 'whole'))).toEqual(['a.session'])
    await expect(restoreSession(session, join(place, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

test('what forks share is counted once, until one of them writes', async () => {
  await using session = model.session()
  await session.prefill(prompt)
  await using fork = session.fork()
  const { bytes } = session.cache
  expect(residentBytes([session, fork])).toBe(bytes)
  await fork.edit([{ type: 'write', layer: 1, head: 0, slot: 0, key: new Float32Array(session.cache.shape.headDim) }])
  // layer by layer: only the one that was written is copied
  expect(residentBytes([session, fork])).toBe(bytes + fork.cache.layer(1).bytes)
})
