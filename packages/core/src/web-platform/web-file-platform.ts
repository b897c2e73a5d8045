/** @file Files in browsers: chosen by the user, or behind addresses. There are no folders and no settings. */
import { sha1, sha256 } from '../hub/sha.ts'
import type { FilePlatform } from '../platform/file-platform.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import { addressBytes, blobBytes } from './web-bytes.ts'

const hashPieceBytes = 4 << 20

/** The files of a browser. */
export function webFilePlatform(): FilePlatform {
  return {
    environment: {},
    openFile: (file) => (typeof file === 'string' ? addressBytes(file) : Promise.resolve(blobBytes(file))),
    async pathKind(path) {
      const response = await fetch(path, { method: 'HEAD' }).catch(() => undefined)
      return response?.ok ? 'file' : undefined
    },
    async listFolder() {
      return []
    },
    makeHash: (algorithm) => (algorithm === 'sha1' ? sha1() : sha256()),
    fileHash: (source, options) => hashOf(source, options?.signal),
  }
}

async function hashOf(source: ByteSource, signal: AbortSignal | undefined): Promise<string> {
  const hash = sha256()
  for (let offset = 0; offset < source.size; offset += hashPieceBytes)
    hash.update(await source.read(offset, Math.min(hashPieceBytes, source.size - offset), signal))
  return hash.hex()
}
