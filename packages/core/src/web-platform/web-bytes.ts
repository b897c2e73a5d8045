/** @file Bytes in a browser: of a file that the user chose, or behind an address that answers range requests. */
import { ApiCallError } from '@lc/model/errors'
import type { ByteSource } from '../weights/byte-source.ts'
import { checkRange, memoryBytes } from '../weights/memory-bytes.ts'

/** Bytes of a blob or a chosen file; read when asked for. */
export function blobBytes(blob: Blob, name = 'name' in blob ? String(blob.name) : 'blob'): ByteSource {
  return {
    size: blob.size,
    name,
    async read(offset, length, signal) {
      signal?.throwIfAborted()
      checkRange(name, blob.size, offset, length)
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
    async close() {},
  }
}

/**
 * Bytes behind an address. Where the server does not answer range requests, the whole file is fetched once.
 *
 * @throws ApiCallError where the address does not answer.
 */
export async function addressBytes(address: string, signal?: AbortSignal): Promise<ByteSource> {
  const first = await request(address, { range: 'bytes=0-0' }, signal)
  const size = Number(/\/(\d+)$/.exec(first.headers.get('content-range') ?? '')?.[1])
  if (first.status !== 206 || !Number.isSafeInteger(size)) return memoryBytes(await first.arrayBuffer(), address)
  await first.body?.cancel()
  return {
    size,
    name: address,
    async read(offset, length, readSignal) {
      checkRange(address, size, offset, length)
      if (length === 0) return new Uint8Array(0)
      const part = await request(address, { range: `bytes=${offset}-${offset + length - 1}` }, readSignal)
      const bytes = new Uint8Array(await part.arrayBuffer())
      if (part.status !== 206 || bytes.length !== length)
        throw failure(address, `a range of ${length} bytes was asked for, ${bytes.length} came`, part.status)
      return bytes
    },
    async close() {},
  }
}

async function request(address: string, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(address, { headers, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw failure(address, 'the server cannot be reached', undefined, error)
  })
  if (!response.ok) throw failure(address, response.statusText, response.status)
  return response
}

function failure(endpoint: string, problem: string, status?: number, cause?: unknown): ApiCallError {
  return new ApiCallError({ endpoint, retryable: false, problem, status, cause })
}
