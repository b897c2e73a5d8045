import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FileFormatError } from '../errors/file-format-error.ts'
import { Graph } from '../graph/graph.ts'
import { add } from '../graph/ops/elementwise.ts'
import { nodeDevice } from './node-device.ts'
import { placeNodeFiles } from './place-node-files.ts'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-weights-'))
  await mkdir(join(folder, 'blobs'))
  await mkdir(join(folder, 'snapshots'))
  const bytes = new Uint8Array(4096 + 13)
  bytes.set(new Uint8Array(Float32Array.from({ length: 1000 }, (_, at) => at).buffer), 13)
  await writeFile(join(folder, 'blobs', 'abc'), bytes)
  await symlink('../blobs/abc', join(folder, 'snapshots', 'model.safetensors'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const weight = (offset: number, length: number) => ({
  kind: 'file' as const,
  path: join(folder, 'snapshots', 'model.safetensors'),
  offset,
  length,
})

describe('weights in files', () => {
  test('are used where they lie: at any offset, through links', async () => {
    const graph = new Graph('mapped')
    graph.output('y', add(graph.input('x', 'float32', [1]), graph.weight('w', 'float32', [1000])))
    await using device = await nodeDevice({ kind: 'cpu', threads: 1 })
    const program = await device.compile(graph, { weights: new Map([['w', weight(13, 4000)]]) })
    const { y } = await program.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(0.5) } }, ['y'])
    expect([y!.data[0], y!.data[999]]).toEqual([0.5, 999.5])
    expect(device.memoryReport().programs).toMatchObject([
      { name: 'mapped', fileWeightBytes: 4000, memoryWeightBytes: 0, owners: 1 },
    ])
  })

  test('are refused beyond the end of the file', async () => {
    const error = await placeNodeFiles(new Map([['w', weight(4000, 4000)]])).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FileFormatError)
    expect((error as FileFormatError).message).toContain('the weight w ends at byte 8000, the file at 4109')
  })

  test('are found from the deepest common folder', async () => {
    await writeFile(join(folder, 'other.bin'), new Uint8Array(8))
    const files = new Map([
      ['a', weight(0, 4)],
      ['b', { kind: 'file' as const, path: join(folder, 'other.bin'), offset: 0, length: 8 }],
    ])
    const { locations } = await placeNodeFiles(files)
    expect(locations.get('a')!.location).toBe('blobs/abc')
    expect(locations.get('b')!.location).toBe('other.bin')
  })
})
