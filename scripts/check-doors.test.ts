import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkDoors } from './check-doors.ts'

const entry = (door: string) => ({
  '@lc/source': `./src/${door}.ts`,
  types: `./dist/${door}.d.ts`,
  default: `./dist/${door}.js`,
})
const door = "/** A door. @module */\nexport { one } from './room/one.ts'\n"

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lc-doors-'))
  write(
    'tsconfig.base.json',
    JSON.stringify({ compilerOptions: { noLib: true, types: [], allowImportingTsExtensions: true } }),
  )
  write(
    '.dependency-cruiser.cjs',
    "module.exports = { forbidden: [{ name: 'a/room looks down only', to: { path: '^packages/a/src/(upper)/' } }] }",
  )
  manifest({ '.': entry('index') })
  write('packages/a/src/index.ts', door)
  write('packages/a/src/room/one.ts', '/** One. */\nexport const one = 1\n')
})
afterEach(() => rmSync(root, { recursive: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

function manifest(exports: Record<string, unknown>): void {
  const bin = { a: './dist/program.js' }
  write('packages/a/package.json', JSON.stringify({ name: '@lc/a', version: '0.1.0', bin, exports }))
}

test('a package in order breaks no rule; a program needs no entry', () => {
  write('packages/a/src/program.ts', '#!/usr/bin/env node\n/** A program. @module */\nprocess.exit(0)\n')
  expect(checkDoors(root)).toEqual([])
})

test.each<[string, () => void, RegExp]>([
  [
    'a door that is not exported',
    () => write('packages/a/src/second.ts', door),
    /src\/second\.ts is not in the exports map/,
  ],
  [
    'an export without a door',
    () => manifest({ '.': entry('index'), './gone': entry('gone') }),
    /exports "\.\/gone", and there is no/,
  ],
  [
    'an export to another file',
    () => manifest({ '.': { ...entry('index'), default: './dist/x.js' } }),
    /exports "\." must be/,
  ],
  [
    'code in a door',
    () => write('packages/a/src/index.ts', `${door}/** Two. */\nexport const two = 2\n`),
    /may hold only named re-exports; it has: export const two/,
  ],
  [
    'export *',
    () => write('packages/a/src/index.ts', "/** @module */\nexport * from './room/one.ts'\n"),
    /may hold only named re-exports/,
  ],
  [
    'no @module comment',
    () => write('packages/a/src/index.ts', "export { one } from './room/one.ts'\n"),
    /must begin with a @module comment/,
  ],
  [
    'a symbol without a comment',
    () => write('packages/a/src/room/one.ts', 'export const one = 1\n'),
    /one has no TSDoc/,
  ],
  [
    'a name that says nothing',
    () => write('packages/a/src/room/utils.ts', 'export {}\n'),
    /src\/room\/utils\.ts has a name that says nothing/,
  ],
  [
    'a room without a place',
    () => write('packages/a/src/cellar/two.ts', 'export {}\n'),
    /the room src\/cellar\/ has no place/,
  ],
])('%s is a breach', (_name, change, problem) => {
  change()
  expect(checkDoors(root)).toEqual([expect.stringMatching(problem)])
})
