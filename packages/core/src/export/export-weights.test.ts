import { expect, test } from 'vitest'
import { Graph } from '../graph/graph.ts'
import type { ExportFolder } from './export-folder.ts'
import { externalLocations, planDataFiles, writeDataFiles } from './export-weights.ts'

function graphOf(sizes: Readonly<Record<string, number>>): Graph {
  const graph = new Graph('weights')
  for (const [name, size] of Object.entries(sizes)) graph.weight(name, 'float32', [size])
  return graph
}

function memoryFolder(): ExportFolder & { files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>()
  return {
    files,
    async write(path, content) {
      const parts: number[] = []
      if (typeof content === 'string') parts.push(...new TextEncoder().encode(content))
      else for await (const part of content) parts.push(...part)
      files.set(path, Uint8Array.from(parts))
    },
    readText: async () => undefined,
  }
}

test('weights lie aligned, each where the model file says', async () => {
  const files = planDataFiles(graphOf({ a: 3, b: 20, c: 1 }), 'model.onnx')
  const folder = memoryFolder()
  const values: Record<string, number> = { a: 1, b: 2, c: 3 }
  const sizes: Record<string, number> = { a: 3, b: 20, c: 1 }
  const progress: number[] = []
  await writeDataFiles(
    files,
    { folder, path: 'onnx' },
    async (name) => new Float32Array(sizes[name]!).fill(values[name]!),
    {
      done: (bytes) => progress.push(bytes),
    },
  )
  const written = folder.files.get('onnx/model.onnx_data')!
  for (const [name, { location, offset, length }] of externalLocations(files)) {
    expect(location).toBe('model.onnx_data')
    expect(offset % 64).toBe(0)
    const read = new Float32Array(written.slice(offset, offset + length).buffer)
    expect([...read]).toEqual(Array(sizes[name]).fill(values[name]))
  }
  expect(progress).toEqual([12, 92, 96])
})

test('a file ends before its limit, and the next ones are numbered', () => {
  const files = planDataFiles(graphOf({ a: 16, b: 16, c: 16, d: 64 }), 'model.onnx', { limit: 130 })
  expect(files.map((file) => [file.name, ...file.weights.flatMap((weight) => weight.names)])).toEqual([
    ['model.onnx_data', 'a', 'b'],
    ['model.onnx_data_1', 'c'],
    ['model.onnx_data_2', 'd'],
  ])
})

test('weights of one identity are written once', () => {
  const identity = (name: string) => name.replace(/^tied-/, '')
  const files = planDataFiles(graphOf({ a: 16, 'tied-a': 16, b: 2 }), 'model.onnx', { identity })
  const locations = externalLocations(files)
  expect(locations.get('a')).toEqual(locations.get('tied-a'))
  expect(locations.get('b')!.offset).toBe(64)
})

test('a weight of another size than the graph says is refused, not written askew', async () => {
  const files = planDataFiles(graphOf({ a: 3 }), 'model.onnx')
  const target = { folder: memoryFolder(), path: 'onnx' }
  const run = writeDataFiles(files, target, async () => new Float32Array(4), { done: () => {} })
  await expect(run).rejects.toMatchObject({ code: 'file-format' })
})
