/** @file Files in browsers: chosen by the user, or behind addresses. There are no folders and no settings. */
import { sha1, sha256 } from '../hub/sha.ts'
import type { FilePlatform } from '../platform/file-platform.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import {
  hasOriginPrivateFiles,
  originPrivateCache,
  originPrivateFile,
  originPrivatePrefix,
} from './origin-private-cache.ts'
import { addressBytes, blobBytes } from './web-bytes.ts'

const hashPieceBytes = 4 << 20

/** The files of a browser. */
export function webFilePlatform(): FilePlatform {
  return {
    environment: {},
    hubAccess: 'listing',
    ...(hasOriginPrivateFiles() && { cacheStore: originPrivateCache() }),
    openFile,
    async pathKind(path) {
      const response = await fetch(path, { method: 'HEAD' }).catch(() => undefined)
      return response?.ok ? 'file' : undefined
    },
    async listFolder() {
      return []
    },
    makeHash: (algorithm) => (algorithm === 'sha1' ? sha1() : sha256()),
    fileHash: async (source, options) => verifiedHash(source) ?? hashOf(source, options?.signal),
  }
}

async function openFile(file: string | Blob): Promise<ByteSource> {
  if (typeof file !== 'string') return blobBytes(file)
  if (file.startsWith(originPrivatePrefix)) return blobBytes(await originPrivateFile(file), file)
  return addressBytes(file)
}

/** A file of the cache that is named by its SHA-256 had it checked when it came. */
function verifiedHash(source: ByteSource): string | undefined {
  return source.name.startsWith(originPrivatePrefix) ? /\/([0-9a-f]{64})$/.exec(source.name)?.[1] : undefined
}

async function hashOf(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const hash = sha256()
  for (let offset = 0; offset < source.size; offset += hashPieceBytes)
    hash.update(await source.read(offset, Math.min(hashPieceBytes, source.size - offset), signal))
  return hash.hex()
}
