import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheChecks } from './cache-check.ts'
import { failed, held, noted } from './check-result.ts'
import { doctorDocument, doctorText } from './doctor-report.ts'
import { engineCheck } from './engine-check.ts'
import { nodeCheck } from './node-check.ts'

test.each([
  ['v20.19.0', 'ok'],
  ['v20.18.9', 'failed'],
  ['v18.20.0', 'failed'],
  ['v22.0.0', 'ok'],
  ['v20.20.2', 'ok'],
])('Node %s is %s', (version, state) => {
  expect(nodeCheck(version).state).toBe(state)
})

test('a cache folder is made, tried and left as it was', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lc-doctor-'))
  try {
    const cache = join(folder, 'deep', 'cache')
    const checks = await cacheChecks(cache)
    expect(checks.map((check) => check.name)).toEqual(['cache folder', 'disk space'])
    expect(checks[0]).toEqual(held('cache folder', cache))
    expect(await readdir(cache)).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a cache folder that cannot be made is a failed check', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lc-doctor-'))
  try {
    await writeFile(join(folder, 'file'), '')
    const [check] = await cacheChecks(join(folder, 'file', 'cache'))
    expect(check).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('a part of the path is not a folder'),
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the installed engine loads and has the CPU', async () => {
  expect(await engineCheck()).toMatchObject({
    state: 'ok',
    detail: expect.stringMatching(/^onnxruntime-node [\d.]+ with .*cpu/),
  })
})

test('a note is no fault, a failed check is', () => {
  const checks = [held('node', 'v22'), noted('webgpu', 'no adapter')]
  expect(doctorDocument(checks).ok).toBe(true)
  expect(doctorDocument([...checks, failed('disk space', 'none')]).ok).toBe(false)
  expect(doctorText(checks)).toBe('ok    node    v22\nnote  webgpu  no adapter')
})
