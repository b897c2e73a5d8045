/** @file Files, caches and settings of Node. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidArgumentError } from '@lc/model/errors'
import type { FilePlatform } from '../platform/file-platform.ts'
import { cacheFolder, hubCacheFolder, hubHome } from './cache-folders.ts'
import { convertedWeightsCache } from './converted-weights-cache.ts'
import { fileBytes } from './file-bytes.ts'
import { rememberedFileHash } from './file-hash.ts'
import { hubCache } from './hub-cache.ts'
import { packageFiles } from './package-files.ts'

/** The files of this machine, with settings from an environment. */
export function nodeFilePlatform(variables: Readonly<Record<string, string | undefined>> = process.env): FilePlatform {
  const environment = withHubToken(variables)
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
    makeHash: (algorithm) => {
      const hash = createHash(algorithm)
      return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') }
    },
    fileHash: (source, options) => rememberedFileHash(source, environment, options),
    cacheStore: hubCache({ folder: hubCacheFolder(environment), copies: Boolean(environment.HF_HUB_DISABLE_SYMLINKS) }),
    packageFiles: packageFiles({ folder: join(cacheFolder(environment), 'models'), environment }),
    convertedWeights: convertedWeightsCache({ folder: join(cacheFolder(environment), 'converted') }),
  }
}

/** The token that `hf auth login` left in a file counts as `HF_TOKEN`. */
function withHubToken(
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  if (variables.HF_TOKEN || variables.HUGGING_FACE_HUB_TOKEN) return variables
  try {
    const file = variables.HF_TOKEN_PATH || join(hubHome(variables), 'token')
    return { ...variables, HF_TOKEN: readFileSync(file, 'utf8').trim() || undefined }
  } catch {
    return variables
  }
}
