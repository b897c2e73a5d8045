import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { checkArgument } from '@lc/model/check'
import { atomicWrite } from '@lc/model/node'
import type { ExportFolder } from '../export/export-folder.ts'

/** A folder of this machine that exports go to; it is made where it is missing. Files appear whole or not at all. */
export function folderOnDisk(folder: string): ExportFolder {
  const resolve = (path: string): string => {
    const inside = !path.startsWith('/') && !path.split('/').includes('..')
    checkArgument(inside, 'path', path, 'a path inside the folder')
    return join(folder, path)
  }
  return {
    async write(path, content, signal) {
      const file = resolve(path)
      await mkdir(dirname(file), { recursive: true })
      await atomicWrite(file, content, signal ? { signal } : {})
    },
    async readText(path) {
      try {
        return await readFile(resolve(path), 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
  }
}
