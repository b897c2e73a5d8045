import { describe, expect, test } from 'vitest'
import type { OrtSession } from './ort-module.ts'
import { identityOf, ProgramCache } from './program-cache.ts'

const memory = { name: 'x', graphBytes: 1, fileWeightBytes: 0, memoryWeightBytes: 0 }

/** A session that counts its releases. */
function session(): OrtSession & { released: number } {
  const made = {
    released: 0,
    run: async () => ({}),
    release: async () => {
      made.released += 1
    },
  }
  return made
}

describe('the program cache', () => {
  test('makes one session for owners that come at once, and releases it after the last', async () => {
    const cache = new ProgramCache()
    const own = session()
    let made = 0
    const create = async () => {
      made += 1
      return own
    }
    const [first, second] = await Promise.all([cache.acquire('k', memory, create), cache.acquire('k', memory, create)])
    expect(made).toBe(1)
    expect(cache.report()).toEqual([{ ...memory, owners: 2 }])
    await first.release()
    expect(own.released).toBe(0)
    await second.release()
    expect(own.released).toBe(1)
    expect(cache.report()).toEqual([])
  })

  test('does not keep a failure', async () => {
    const cache = new ProgramCache()
    const failing = cache.acquire('k', memory, async () => {
      throw new RangeError('no')
    })
    await expect(failing).rejects.toThrow(RangeError)
    expect(cache.report()).toEqual([])
    const { session: made } = await cache.acquire('k', memory, async () => session())
    expect(made).toBeDefined()
  })

  test('knows an array again by its identity, not by its content', () => {
    const array = new Float32Array(4)
    expect(identityOf(array)).toBe(identityOf(array))
    expect(identityOf(array)).not.toBe(identityOf(new Float32Array(4)))
  })
})
