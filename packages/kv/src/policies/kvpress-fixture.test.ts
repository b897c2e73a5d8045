import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('../../fixtures/kvpress/', import.meta.url)

test('the recorded file is the one whose origin is told', () => {
  const { files } = JSON.parse(readFileSync(new URL('origin.json', folder), 'utf8'))
  const bytes = readFileSync(new URL('expected.json', folder))
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(files['expected.json'].sha256)
})
