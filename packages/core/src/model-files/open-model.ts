/** @file Opens a model from any source: an alias, a file, a folder, the hub. */
import { InvalidArgumentError } from '@lc/model/errors'
import type { ModelFiles, ModelSource, OpenModelOptions } from './model-files.ts'
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
  throw new InvalidArgumentError({ argument: 'source', received: source, allowed: 'a file' })
}

async function openNamed(name: string, options: OpenModelOptions): Promise<ModelFiles> {
  if ((await options.platform.pathKind(name)) === 'file') return openFile(name, options)
  throw new InvalidArgumentError({ argument: 'source', received: name, allowed: 'a file' })
}

async function openFile(file: string | Blob, options: OpenModelOptions): Promise<ModelFiles> {
  const { platform, signal, onProgress } = options
  const source = await platform.openFile(file)
  try {
    const hash = await platform.fileHash(source, { signal, onProgress })
    const folder =
      source.path === undefined
        ? ''
        : source.path.slice(0, Math.max(source.path.lastIndexOf('/'), source.path.lastIndexOf('\\')) + 1)
    return await openGguf({ source, openPart: (part) => platform.openFile(folder + part), hash, signal, onProgress })
  } catch (error) {
    await source.close()
    throw error
  }
}
