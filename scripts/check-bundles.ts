/**
 * @file Bundles every door for the browser with esbuild and checks what comes out: its gzip size against a budget, that
 * `@lc/model` and `@lc/compress` contain and import no ONNX Runtime, and that only node doors reach `node:`. The sizes
 * stand in README.md between two `sizes` comments; `--write` puts them there.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { reportBreaches, type WorkspacePackage, workspacePackages } from './workspace-packages.ts'

/** Largest gzip size of a door in bytes; other doors have `defaultBudget`. */
const budgets: Record<string, number> = {
  '@lc/model': 15_000,
  '@lc/compress/longcodezip': 25_000,
  '@lc/core': 150_000,
  // like the root door it opens models: readers of files, tokenizers, the hub
  '@lc/core/encoder': 120_000,
  // thirteen patterns; an app that imports one by name gets that one alone
  '@lc/kv/patterns': 75_000,
}
const defaultBudget = 60_000
/** Packages that must work without an engine. */
const engineless = ['model', 'compress']
/** Sizes in the README may lag behind by this share. */
const tolerance = 0.1

/** What one door weighs and what it reaches. */
export interface DoorBundle {
  /** The import path, for example `@lc/model/errors`. */
  door: string
  package: string
  gzipBytes: number
  /** Files and packages inside, and packages that stay imports. */
  modules: string[]
}

/** Bundles all doors of all packages except the command. */
export async function bundleDoors(root: string): Promise<DoorBundle[]> {
  const doors = workspacePackages(root)
    .filter((one) => one.manifest.bin === undefined)
    .flatMap((one) => one.doors.map((door) => [one, door] as const))
  return Promise.all(doors.map(([one, door]) => bundleDoor(one, door)))
}

async function bundleDoor(one: WorkspacePackage, door: string): Promise<DoorBundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(one.folder, 'src', `${door}.ts`)],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@lc/source'],
    external: ['node:*', ...Object.keys(one.manifest.peerDependencies ?? {}), 'onnxruntime-*'],
    splitting: true,
    outdir: 'out',
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const kept = Object.values(metafile.outputs).flatMap((output) => output.imports.filter((part) => part.external))
  const inside = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs))
  return {
    door: door === 'index' ? one.manifest.name : `${one.manifest.name}/${door}`,
    package: one.name,
    gzipBytes: outputFiles.reduce((sum, file) => sum + gzipSync(file.contents).byteLength, 0),
    modules: [...new Set([...inside, ...kept.map((part) => part.path)])],
  }
}

/** The rules that a bundle breaks. */
export function bundleBreaches(bundle: DoorBundle): string[] {
  const breaches: string[] = []
  const budget = budgets[bundle.door] ?? defaultBudget
  if (bundle.gzipBytes > budget)
    breaches.push(`${bundle.door} is ${bundle.gzipBytes} bytes gzip; its budget is ${budget}`)
  const engine = bundle.modules.find((module) => module.includes('onnxruntime'))
  if (engine && engineless.includes(bundle.package)) breaches.push(`${bundle.door} reaches ${engine}`)
  const builtin = bundle.modules.find((module) => module.startsWith('node:'))
  if (builtin && !isNodeDoor(bundle.door)) breaches.push(`${bundle.door} reaches ${builtin}, and it is no node door`)
  return breaches
}

function isNodeDoor(door: string): boolean {
  return /\/(node|testing)$/.test(door)
}

const table = /(<!-- sizes -->\n)([\s\S]*?)(<!-- \/sizes -->)/

/** The sizes as a Markdown table. */
export function sizeTable(bundles: readonly DoorBundle[]): string {
  const rows = bundles
    .filter((bundle) => !isNodeDoor(bundle.door))
    .map((bundle) => `| \`${bundle.door}\` | ${(bundle.gzipBytes / 1000).toFixed(1)} |`)
  return `\n| door | kB, minified and gzipped |\n| --- | ---: |\n${rows.join('\n')}\n\n`
}

/** Rows of the README's table that are missing or off by more than the tolerance. */
export function readmeBreaches(readme: string, bundles: readonly DoorBundle[]): string[] {
  const [, , written] = table.exec(readme) ?? []
  if (written === undefined) return ['README.md has no table between <!-- sizes --> and <!-- /sizes -->']
  return bundles
    .filter((bundle) => !isNodeDoor(bundle.door))
    .flatMap((bundle) => {
      const [, size] = new RegExp(`\\| \`${bundle.door}\` \\| ([\\d.]+) \\|`).exec(written) ?? []
      const measured = bundle.gzipBytes / 1000
      const fits = size !== undefined && Math.abs(Number(size) - measured) <= Math.max(0.2, tolerance * measured)
      return fits ? [] : [`README.md says ${size ?? 'nothing'} for ${bundle.door}; measured ${measured.toFixed(1)} kB`]
    })
}

async function main(): Promise<void> {
  const bundles = await bundleDoors(process.cwd())
  for (const bundle of bundles)
    process.stdout.write(`${(bundle.gzipBytes / 1000).toFixed(1).padStart(8)} kB  ${bundle.door}\n`)
  const path = 'README.md'
  const readme = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const write = process.argv.includes('--write')
  if (write)
    writeFileSync(
      path,
      readme.replace(table, (_all, head, _old, tail) => head + sizeTable(bundles) + tail),
    )
  reportBreaches('check-bundles', [
    ...bundles.flatMap(bundleBreaches),
    ...(write ? [] : readmeBreaches(readme, bundles)),
  ])
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
