/** @file What a program sees that has @lc/core but not its peer: bundled apart and run where the peer cannot be found. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const program = `
import { nodeDevice } from './node-device.ts'
const error = await nodeDevice({ kind: 'cpu' }).catch((reason) => reason)
console.log(JSON.stringify(error))
`

test('a missing onnxruntime-node is a DeviceError that names the package to install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lc-missing-peer-'))
  try {
    await build({
      stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'ts' },
      outfile: join(folder, 'program.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      conditions: ['@lc/source'],
      external: ['onnxruntime-node'],
      logLevel: 'error',
    })
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'program.mjs')], { cwd: folder })
    const error = JSON.parse(stdout) as Record<string, unknown>
    expect(error).toMatchObject({ name: 'DeviceError', code: 'device', device: 'cpu', operation: 'open' })
    expect(error.message).toContain('npm install onnxruntime-node')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
