import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contentHash } from './content-hash.ts'
import { memoryJournal } from './memory-journal.ts'

const reference = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex')

describe('contentHash', () => {
  test('is SHA-256, at every length around the block borders', () => {
    for (let length = 0; length < 200; length++) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 0xff)
      expect(contentHash(bytes)).toBe(reference(bytes))
    }
  })

  test('is that of any text and of parts of buffers', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(20),
        (text, bytes, skip) => {
          expect(contentHash(text)).toBe(reference(text))
          expect(contentHash(bytes.subarray(skip))).toBe(reference(bytes.subarray(skip)))
        },
      ),
    )
  })

  test('equal JSON values have equal hashes, whatever the order of their keys', () => {
    expect(contentHash({ json: { a: [1, { c: null, b: 'x' }], d: true } })).toBe(
      contentHash({ json: { d: true, a: [1, { b: 'x', c: null }] } }),
    )
    expect(contentHash({ json: [1, 2] })).not.toBe(contentHash({ json: [2, 1] }))
    expect(contentHash({ json: 'x' })).not.toBe(contentHash('x'))
  })
})

describe('memoryJournal', () => {
  test('keeps values as they were when they were appended', async () => {
    const journal = memoryJournal()
    const value = { list: [1] }
    await journal.append('a', value)
    value.list.push(2)
    const read = (await journal.get('a')) as { list: number[] }
    read.list.push(3)
    expect(await journal.get('a')).toEqual({ list: [1] })
    expect(await journal.get('b')).toBeUndefined()
    await journal.close()
    await expect(journal.get('a')).rejects.toThrow('the journal is closed')
  })
})
