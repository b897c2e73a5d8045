/** @file Files, caches and settings of Node. */
import { createHash } from 'node:crypto'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidArgumentError } from '@lc/model/errors'
import type { FilePlatform } from '../platform/file-platform.ts'
import { cacheFolder } from './cache-folders.ts'
import { convertedWeightsCache } from './converted-weights-cache.ts'
import { fileBytes } from './file-bytes.ts'
import { rememberedFileHash } from './file-hash.ts'

/** The files of this machine, with settings from an environment. */
export function nodeFilePlatform(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): FilePlatform {
  return {
    environment,
    async openFile(file) {
      if (typeof file !== 'string')
        throw new InvalidArgumentError({ argument: 'file', received: file, allowed: 'a path' })
      return fileBytes(file)
    },
    async pathKind(path) {
      const found = await stat(path).catch(() => undefined)
      return found?.isFile() ? 'file' : found?.isDirectory() ? 'folder' : undefined
    },
    async listFolder(path) {
      const entries = await readdir(path, { recursive: true, withFileTypes: true })
      return entries
        .filter((entry) => entry.isFile() || entry.isSymbolicLink())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(path.length)
            .replace(/^[\\/]+/, '')
            .replaceAll('\\', '/'),
        )
        .sort()
    },
    sha256: () => {
      const hash = createHash('sha256')
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
    },
    fileHash: (source, options) => rememberedFileHash(source, environment, options),
    convertedWeights: convertedWeightsCache({ folder: join(cacheFolder(environment), 'converted') }),
  }
}
