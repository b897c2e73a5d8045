/** @file Opens a model from any source: an alias, a file, a folder, the hub. */
import { InvalidArgumentError } from '@lc/model/errors'
import type { ByteSource } from '../weights/byte-source.ts'
import type { ModelFiles, ModelSource, OpenModelOptions } from './model-files.ts'
import type { ModelFolder } from './model-folder.ts'
import { openFolder } from './open-folder.ts'
import { openGguf } from './open-gguf.ts'

/**
 * Opens a model. Weights are read on demand; the caller closes the result.
 *
 * @throws InvalidArgumentError for a source that names nothing; FileFormatError and UnsupportedModelError for what is in
 *   it; DownloadError when it cannot be had.
 */
export async function openModel(source: ModelSource, options: OpenModelOptions): Promise<ModelFiles> {
  options.signal?.throwIfAborted()
  if (typeof source === 'string') return openNamed(source, options)
  if ('file' in source) return openFile(source.file, options)
  if ('folder' in source) return openLocalFolder(source.folder, options)
  throw new InvalidArgumentError({ argument: 'source', received: source, allowed: 'a file or a folder' })
}

async function openNamed(name: string, options: OpenModelOptions): Promise<ModelFiles> {
  const kind = await options.platform.pathKind(name)
  if (kind === 'file') return openFile(name, options)
  if (kind === 'folder') return openLocalFolder(name, options)
  throw new InvalidArgumentError({ argument: 'source', received: name, allowed: 'a file or a folder' })
}

async function openFile(file: string | Blob, options: OpenModelOptions): Promise<ModelFiles> {
  const { platform, signal, onProgress } = options
  const source = await platform.openFile(file)
  try {
    const hash = await platform.fileHash(source, { signal, onProgress })
    const folder = source.path === undefined ? '' : source.path.slice(0, lastSlash(source.path) + 1)
    return await openGguf({ source, openPart: (part) => platform.openFile(folder + part), hash, signal, onProgress })
  } catch (error) {
    await source.close()
    throw error
  }
}

function lastSlash(path: string): number {
  return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
}

async function openLocalFolder(path: string, options: OpenModelOptions): Promise<ModelFiles> {
  const { platform, signal, onProgress } = options
  if ((await platform.pathKind(path)) !== 'folder')
    throw new InvalidArgumentError({ argument: 'source', received: path, allowed: 'a folder' })
  const files = new Set(await platform.listFolder(path))
  if (!files.has('config.json')) {
    const gguf = [...files].filter((file) => /^[^/]*\.gguf$/.test(file) && !/-0000[2-9]-of-|-000[1-9]\d-of-/.test(file))
    if (gguf.length === 1) return openFile(`${path}/${gguf[0]}`, options)
    if (gguf.length > 1)
      throw new InvalidArgumentError({
        argument: 'source',
        received: path,
        allowed: `one of its files: ${gguf.slice(0, 20).join(', ')}`,
      })
  }
  const folder: ModelFolder = {
    name: path,
    open: async (file) => (files.has(file) ? platform.openFile(`${path}/${file}`) : undefined),
  }
  return openFolder(folder, { signal, onProgress, hashOf: (sources) => hashAll(sources, options) })
}

/** One file's own hash, or the hash over the hashes of several. */
export async function hashAll(sources: readonly ByteSource[], options: OpenModelOptions): Promise<string> {
  const { platform, signal, onProgress } = options
  const hashes: string[] = []
  for (const source of sources) hashes.push(await platform.fileHash(source, { signal, onProgress }))
  if (hashes.length === 1) return hashes[0]!
  const hash = platform.sha256()
  hash.update(new TextEncoder().encode(hashes.join('\n')))
  return hash.hex()
}
