import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fixturePath, readFixtureJson } from '../../fixtures/read-fixture.ts'

interface Origin {
  readonly files: Readonly<Record<string, { sha256: string; bytes: number }>>
}

const folders = readdirSync(fixturePath(), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !entry.name.startsWith('_'))
  .map((entry) => entry.name)

test.each(folders)('the files of %s are those that its script wrote', (folder) => {
  expect(readdirSync(fixturePath(folder))).toContain('make.py')
  const { files } = readFixtureJson<Origin>(folder, 'origin.json')
  expect(Object.keys(files)).not.toHaveLength(0)
  for (const [name, { sha256, bytes }] of Object.entries(files)) {
    const data = readFileSync(fixturePath(folder, name))
    expect({ name, bytes: data.length, sha256: createHash('sha256').update(data).digest('hex') }).toEqual({
      name,
      bytes,
      sha256,
    })
  }
})

test.each(folders)('the data of %s stay within 300 kB', (folder) => {
  const { files } = readFixtureJson<Origin>(folder, 'origin.json')
  expect(Object.values(files).reduce((sum, file) => sum + file.bytes, 0)).toBeLessThanOrEqual(300_000)
})
