import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bundleBreaches, bundleDoors, type DoorBundle, readmeBreaches, sizeTable } from './check-bundles.ts'

const bundle: DoorBundle = {
  door: '@lc/model',
  package: 'model',
  gzipBytes: 9_000,
  modules: ['packages/model/src/index.ts'],
}

test('a bundle within its budget and without foreign modules breaks no rule', () => {
  expect(bundleBreaches(bundle)).toEqual([])
})

test.each<[string, Partial<DoorBundle>, RegExp]>([
  ['a size above the budget', { gzipBytes: 15_001 }, /15001 bytes gzip; its budget is 15000/],
  ['ONNX Runtime inside', { modules: ['node_modules/onnxruntime-web/dist/ort.mjs'] }, /reaches .*onnxruntime-web/],
  ['an import of ONNX Runtime', { modules: ['onnxruntime-node'] }, /reaches onnxruntime-node/],
  ['a Node module', { modules: ['node:fs'] }, /reaches node:fs/],
])('%s is a breach', (_name, change, problem) => {
  expect(bundleBreaches({ ...bundle, ...change })).toEqual([expect.stringMatching(problem)])
})

test('the node door may reach Node, and core may import ONNX Runtime', () => {
  expect(bundleBreaches({ ...bundle, door: '@lc/model/node', modules: ['node:fs'] })).toEqual([])
  expect(bundleBreaches({ ...bundle, door: '@lc/core', package: 'core', modules: ['onnxruntime-web'] })).toEqual([])
})

test('the table of the README must say what is measured', () => {
  const readme = `# lc\n<!-- sizes -->\n${sizeTable([bundle])}<!-- /sizes -->\n`
  expect(readmeBreaches(readme, [bundle])).toEqual([])
  expect(readmeBreaches(readme, [{ ...bundle, gzipBytes: 12_000 }])).toEqual([
    'README.md says 9.0 for @lc/model; measured 12.0 kB',
  ])
  expect(readmeBreaches('# lc', [bundle])).toHaveLength(1)
})

test('the doors of the repository break no rule', async () => {
  const bundles = await bundleDoors(join(import.meta.dirname, '..'))
  expect(bundles.map((one) => one.door)).toContain('@lc/model')
  expect(bundles.flatMap(bundleBreaches)).toEqual([])
})
