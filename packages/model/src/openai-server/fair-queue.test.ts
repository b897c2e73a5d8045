import { describe, expect, test } from 'vitest'
import { FairQueue } from './fair-queue.ts'

const never = () => new AbortController().signal

describe('FairQueue', () => {
  test('clients take turns however many requests one of them sends', async () => {
    const queue = new FairQueue(1, 100)
    const order: string[] = []
    const run = async (client: string) => {
      const release = await queue.acquire(client, never())
      order.push(client)
      await Promise.resolve()
      release()
    }
    await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(run))
    // the first runs at once, the second was in line before b and c came; then one turn each
    expect(order.join('')).toBe('aabcaba')
    expect(queue.running).toBe(0)
  })

  test('no request waits more rounds than its client has requests before it', async () => {
    const queue = new FairQueue(2, 10_000)
    const order: string[] = []
    const jobs = Array.from({ length: 64 }, (_, client) => `client ${client}`).flatMap((client) => [client, client])
    await Promise.all(
      jobs.map(async (client) => {
        const release = await queue.acquire(client, never())
        order.push(client)
        await Promise.resolve()
        release()
      }),
    )
    const rounds = new Map<string, number[]>()
    for (const [index, client] of order.entries())
      rounds.set(client, [...(rounds.get(client) ?? []), Math.floor(index / 64)])
    for (const [first, second] of [...rounds.values()] as [number, number][]) {
      expect(first).toBeLessThanOrEqual(1)
      expect(second).toBeLessThanOrEqual(2)
    }
  })

  test('never runs more than its slots at once', async () => {
    const queue = new FairQueue(3, 100)
    let most = 0
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const release = await queue.acquire(`client ${index % 4}`, never())
        most = Math.max(most, queue.running)
        await new Promise((resolve) => setTimeout(resolve, 1))
        release()
        release()
      }),
    )
    expect(most).toBe(3)
    expect(queue.running).toBe(0)
  })

  test('an abort leaves the line with its own reason, and lets the others pass', async () => {
    const queue = new FairQueue(1, 100)
    const release = await queue.acquire('a', never())
    const controller = new AbortController()
    const waiting = queue.acquire('a', controller.signal)
    const after = queue.acquire('b', never())
    const reason = new Error('left')
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(queue.waiting).toBe(1)
    release()
    ;(await after)()
    expect(queue.running).toBe(0)
  })

  test('is full when all slots and places are taken; closing refuses those that wait', async () => {
    const queue = new FairQueue(1, 1)
    const release = await queue.acquire('a', never())
    expect(queue.full).toBe(false)
    const waiting = queue.acquire('b', never())
    expect(queue.full).toBe(true)
    queue.close()
    await expect(waiting).rejects.toMatchObject({ code: 'disposed' })
    await expect(queue.acquire('c', never())).rejects.toMatchObject({ code: 'disposed' })
    const drained = queue.drained()
    release()
    await drained
  })
})
