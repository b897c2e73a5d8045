import { expect, test } from 'vitest'
import { SerialQueue } from './serial-queue.ts'

test('does one piece of work after the other, also after a failure', async () => {
  const queue = new SerialQueue()
  const log: string[] = []
  const work = (name: string, ms: number) => async () => {
    log.push(`${name} starts`)
    await new Promise((resolve) => setTimeout(resolve, ms))
    log.push(`${name} ends`)
    if (name === 'a') throw new RangeError(name)
    return name
  }
  const first = queue.run(work('a', 20))
  const second = queue.run(work('b', 1))
  await expect(first).rejects.toThrow(RangeError)
  expect(await second).toBe('b')
  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends'])
})
