/** @file Weights as parts of files on disk: ONNX Runtime maps them, given paths inside one folder. */
import { realpath, stat } from 'node:fs/promises'
import { dirname, relative, sep } from 'node:path'
import { checkArgument, checkInteger } from '@lc/model/check'
import { FileFormatError } from '../errors/file-format-error.ts'
import type { ExternalLocation } from '../onnx/external-data.ts'
import type { FileWeight, PlacedFiles } from '../runtime/place-weights.ts'

/**
 * Finds the folder that holds all files, and their paths in it. Links are resolved first, because the runtime refuses paths
 * that lead out of the folder.
 *
 * @throws FileFormatError where a part lies outside its file.
 */
export async function placeNodeFiles(files: ReadonlyMap<string, FileWeight>): Promise<PlacedFiles> {
  const sizes = new Map<string, number>()
  const resolved = new Map<string, string>()
  for (const path of new Set([...files.values()].map((file) => file.path))) {
    const real = await realpath(path)
    resolved.set(path, real)
    sizes.set(path, (await stat(real)).size)
  }
  const folder = commonFolder([...resolved.values()])
  const locations = new Map<string, ExternalLocation>()
  for (const [name, { path, offset, length }] of files) {
    checkInteger(offset, `offset of ${name}`, { min: 0 })
    checkInteger(length, `length of ${name}`, { min: 0 })
    const size = sizes.get(path)!
    if (offset + length > size) {
      const problem = `the weight ${name} ends at byte ${offset + length}, the file at ${size}`
      throw new FileFormatError({ file: path, format: 'weights', offset, problem })
    }
    const location = relative(folder, resolved.get(path)!).split(sep).join('/')
    locations.set(name, { location, offset, length })
  }
  return { folder, locations }
}

/** The deepest folder above all paths. Windows drives have none in common, and the runtime takes only one. */
function commonFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => dirname(path).split(sep))
  const first = folders[0]!
  let depth = 0
  while (depth < first.length && folders.every((folder) => folder[depth] === first[depth])) depth += 1
  checkArgument(depth > 0, 'weights', paths[0], 'files of one drive')
  const folder = first.slice(0, depth).join(sep)
  return folder === '' || folder.endsWith(':') ? `${folder}${sep}` : folder
}
