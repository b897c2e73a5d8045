import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const folder = new URL('../../fixtures/kvpress/', import.meta.url)

const { files } = JSON.parse(readFileSync(new URL('origin.json', folder), 'utf8')) as {
  files: Record<string, { sha256: string }>
}

test.each(['expected.json', 'finch-and-cam.json'])('%s is the file whose origin is told', (name) => {
  const bytes = readFileSync(new URL(name, folder))
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(files[name]!.sha256)
})
