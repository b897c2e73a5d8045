/**
 * @file Checks the doors of all packages: the exports map names exactly the files `src/*.ts`, doors hold nothing but
 * named re-exports under a `@module` comment, every public symbol is documented, no file has a name that says nothing,
 * and every room has its place in the layering.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { filesBelow, reportBreaches, type WorkspacePackage, workspacePackages } from './workspace-packages.ts'

const sayNothing = [
  'utils',
  'util',
  'helpers',
  'helper',
  'common',
  'misc',
  'types',
  'constants',
  'interfaces',
  'manager',
  'base',
]

/** All breaches, one line each. */
export function checkDoors(root: string): string[] {
  const packages = workspacePackages(root)
  const rooms = layering(root)
  return [
    ...packages.flatMap((one) => [
      ...exportsMap(one),
      ...doorContents(one),
      ...fileNames(one),
      ...roomNames(one, rooms),
    ]),
    ...undocumented(packages, root),
  ]
}

/** Doors that are programs, not entry points: `lc` for `"bin": {"lc": "./dist/lc.js"}`. */
function programs({ manifest }: WorkspacePackage): string[] {
  return Object.values(manifest.bin ?? {}).map((path) => basename(path, '.js'))
}

function exportsMap(one: WorkspacePackage): string[] {
  const { manifest, doors, name } = one
  const entries = manifest.exports ?? {}
  const expected = doors.filter((door) => !programs(one).includes(door))
  const missing = expected
    .filter((door) => !(doorKey(door) in entries))
    .map((door) => `${name}: src/${door}.ts is not in the exports map`)
  const wrong = Object.entries(entries)
    .filter(([key]) => key !== './package.json')
    .flatMap(([key, value]) => {
      const door = key === '.' ? 'index' : key.slice(2)
      if (!expected.includes(door)) return [`${name}: exports "${key}", and there is no src/${door}.ts`]
      const target = {
        '@lc/source': `./src/${door}.ts`,
        types: `./dist/${door}.d.ts`,
        default: `./dist/${door}.js`,
      }
      const same = JSON.stringify(value) === JSON.stringify(target)
      return same ? [] : [`${name}: exports "${key}" must be ${JSON.stringify(target)}`]
    })
  return [...missing, ...wrong]
}

function doorKey(door: string): string {
  return door === 'index' ? '.' : `./${door}`
}

function doorContents(one: WorkspacePackage): string[] {
  return one.doors.flatMap((door) => {
    const where = `${one.name}/src/${door}.ts`
    const text = readFileSync(join(one.folder, 'src', `${door}.ts`), 'utf8')
    const file = ts.createSourceFile(where, text, ts.ScriptTarget.ES2022, true)
    const module = /^(#![^\n]*\n)?\/\*\*(?:(?!\*\/)[\s\S])*@module/.test(text)
      ? []
      : [`${where} must begin with a @module comment`]
    if (programs(one).includes(door)) return module
    const foreign = file.statements
      .filter(
        (statement) =>
          !(ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause)),
      )
      .map((statement) => `${where} may hold only named re-exports; it has: ${statement.getText().split('\n')[0]}`)
    return [...module, ...foreign]
  })
}

function fileNames({ folder, name }: WorkspacePackage): string[] {
  return filesBelow(join(folder, 'src'), ['.ts'])
    .filter((path) => sayNothing.includes(basename(path).split('.')[0]!))
    .map((path) => `${name}: ${relative(folder, path)} has a name that says nothing`)
}

function roomNames({ folder, name }: WorkspacePackage, rooms: Record<string, string[]>): string[] {
  const known = rooms[name]
  if (!known) return []
  return readdirSync(join(folder, 'src'), { withFileTypes: true })
    .filter(
      (entry) =>
        entry.isDirectory() &&
        !known.includes(entry.name) &&
        filesBelow(join(folder, 'src', entry.name), ['.ts']).length > 0,
    )
    .map((entry) => `${name}: the room src/${entry.name}/ has no place in .dependency-cruiser.cjs`)
}

/** The rooms in import order, read from the rules that dependency-cruiser is given. */
function layering(root: string): Record<string, string[]> {
  const { forbidden } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs')) as {
    forbidden: { name: string; to?: { path?: string } }[]
  }
  const rooms: Record<string, string[]> = {}
  for (const { name, to } of forbidden) {
    const [, one, room] = /^([\w-]+)\/([\w-]+) looks down only$/.exec(name) ?? []
    if (!one || !room) continue
    const below = /\(([\w|-]+)\)/.exec(to?.path ?? '')?.[1]?.split('|') ?? []
    rooms[one] = [...new Set([...(rooms[one] ?? []), room, ...below])]
  }
  return rooms
}

function undocumented(packages: readonly WorkspacePackage[], root: string): string[] {
  const doors = packages.flatMap((one) =>
    one.doors.filter((door) => !programs(one).includes(door)).map((door) => join(one.folder, 'src', `${door}.ts`)),
  )
  const config = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile).config as object
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const program = ts.createProgram(doors, options)
  const checker = program.getTypeChecker()
  return doors.flatMap((door) => {
    const file = program.getSourceFile(door)
    const symbol = file && checker.getSymbolAtLocation(file)
    if (!symbol) return []
    return checker
      .getExportsOfModule(symbol)
      .filter((one) => {
        const target = one.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(one) : one
        return target.getDocumentationComment(checker).length === 0
      })
      .map((one) => `${relative(root, door)}: ${one.name} has no TSDoc`)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) reportBreaches('check-doors', checkDoors(process.cwd()))
