import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The parts of a package.json that the checks read. */
export interface PackageManifest {
  name: string
  version: string
  private?: boolean
  exports?: Record<string, string | Record<string, string>>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** One published package of the repository. */
export interface WorkspacePackage {
  /** The folder's name, for example `model`. */
  name: string
  folder: string
  manifest: PackageManifest
  /** The files `src/*.ts` that are entry points, without the ending. */
  doors: string[]
}

/** All packages under `packages/`, by name. */
export function workspacePackages(root: string): WorkspacePackage[] {
  return readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'package.json')))
    .sort()
    .map((name) => {
      const folder = join(root, 'packages', name)
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageManifest
      const doors = readdirSync(join(folder, 'src'))
        .filter((file) => file.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(file))
        .map((file) => file.slice(0, -'.ts'.length))
        .sort()
      return { name, folder, manifest, doors }
    })
}

/** All files below a folder with one of the endings, as absolute paths; build output and installed packages are left out. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !['node_modules', 'dist', '.git', '.turbo', 'tmp'].includes(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return filesBelow(path, endings)
      return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : []
    })
}

/** Prints breaches and sets the exit code; `what` names the check. */
export function reportBreaches(what: string, breaches: readonly string[]): void {
  for (const breach of breaches) process.stdout.write(`${what}: ${breach}\n`)
  process.stdout.write(`${what}: ${breaches.length === 0 ? 'all hold' : `${breaches.length} breaches`}\n`)
  if (breaches.length > 0) process.exitCode = 1
}
