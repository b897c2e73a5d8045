/** @file Opens a model from any source: an alias, a file, a folder, the hub. */
import { InvalidArgumentError } from '@lc/model/errors'
import { DownloadError } from '../errors/download-error.ts'
import { modelAlias } from '../hub/aliases.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import type { ModelFiles, ModelSource, OpenModelOptions } from './model-files.ts'
import type { ModelFolder } from './model-folder.ts'
import { openFolder } from './open-folder.ts'
import { openGguf } from './open-gguf.ts'
import {
  aliasFolder,
  type HubReference,
  hubFolder,
  hubRepository,
  parseHubReference,
  unknownSource,
} from './open-hub.ts'

/**
 * Opens a model. Weights are read on demand; the caller closes the result.
 *
 * @throws InvalidArgumentError for a source that names nothing; FileFormatError and UnsupportedModelError for what is in
 *   it; DownloadError when it cannot be had.
 */
export async function openModel(source: ModelSource, options: OpenModelOptions): Promise<ModelFiles> {
  options.signal?.throwIfAborted()
  if (typeof source === 'string') return openNamed(source, options)
  if ('file' in source && !('repository' in source)) return openFile(source.file, options)
  if ('folder' in source) return openLocalFolder(source.folder, options)
  return openOnHub(source, options)
}

async function openNamed(name: string, options: OpenModelOptions): Promise<ModelFiles> {
  const alias = modelAlias(name)
  if (alias) {
    const folder = await aliasFolder(alias, options)
    return alias.main === undefined ? openModelFolder(folder, options) : openGgufIn(folder, alias.main, options)
  }
  if (/^https?:\/\//.test(name) && !name.endsWith('.gguf'))
    return openModelFolder(addressFolder(name, options), options)
  const kind = await options.platform.pathKind(name)
  if (kind === 'file') return openFile(name, options)
  if (kind === 'folder') return openLocalFolder(name, options)
  const reference = parseHubReference(name)
  if (!reference) throw unknownSource(name)
  return openOnHub(reference, options)
}

async function openOnHub(reference: HubReference, options: OpenModelOptions): Promise<ModelFiles> {
  const folder = hubFolder(hubRepository(reference, options), options)
  return reference.file === undefined ? openModelFolder(folder, options) : openGgufIn(folder, reference.file, options)
}

async function openFile(file: string | Blob, options: OpenModelOptions): Promise<ModelFiles> {
  const { platform } = options
  const source = await platform.openFile(file)
  const folder = source.path === undefined ? '' : source.path.slice(0, lastSlash(source.path) + 1)
  return openGgufSource(source, (part) => platform.openFile(folder + part), options)
}

/** A GGUF file of a folder; the parts of a split model lie beside it. */
async function openGgufIn(folder: ModelFolder, file: string, options: OpenModelOptions): Promise<ModelFiles> {
  const beside = file.slice(0, lastSlash(file) + 1)
  const open = async (path: string): Promise<ByteSource> => {
    const source = await folder.open(path)
    if (!source)
      throw new DownloadError({ repository: folder.name, file: path, problem: 'the repository has no such file' })
    return source
  }
  return openGgufSource(await open(file), (part) => open(beside + part), options)
}

async function openGgufSource(
  source: ByteSource,
  openPart: (name: string) => Promise<ByteSource>,
  options: OpenModelOptions,
): Promise<ModelFiles> {
  const { signal, onProgress } = options
  try {
    return await openGguf({ source, openPart, hashOf: (sources) => hashAll(sources, options), signal, onProgress })
  } catch (error) {
    await source.close()
    throw error
  }
}

function lastSlash(path: string): number {
  return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
}

/** A folder behind an address: a file that does not answer is not there. */
function addressFolder(address: string, { platform }: OpenModelOptions): ModelFolder {
  const base = address.replace(/\/+$/, '')
  return {
    name: base,
    async open(path) {
      const file = `${base}/${path}`
      return (await platform.pathKind(file)) === 'file' ? platform.openFile(file) : undefined
    },
  }
}

async function openLocalFolder(path: string, options: OpenModelOptions): Promise<ModelFiles> {
  const { platform } = options
  if (/^https?:\/\//.test(path)) return openModelFolder(addressFolder(path, options), options)
  if ((await platform.pathKind(path)) !== 'folder')
    throw new InvalidArgumentError({ argument: 'source', received: path, allowed: 'a folder' })
  const files = new Set(await platform.listFolder(path))
  if (!files.has('config.json')) {
    const gguf = [...files].filter((file) => /^[^/]*\.gguf$/.test(file) && !isLaterPart(file))
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
  return openModelFolder(folder, options)
}

function isLaterPart(file: string): boolean {
  const part = /-(\d{5})-of-\d{5}\.gguf$/.exec(file)?.[1]
  return part !== undefined && part !== '00001'
}

function openModelFolder(folder: ModelFolder, options: OpenModelOptions): Promise<ModelFiles> {
  const { signal, onProgress } = options
  return openFolder(folder, { signal, onProgress, hashOf: (sources) => hashAll(sources, options) })
}

/** One file's own hash, or the hash over the hashes of several. */
async function hashAll(sources: readonly ByteSource[], options: OpenModelOptions): Promise<string> {
  const { platform, signal, onProgress } = options
  const hashes: string[] = []
  for (const source of sources) hashes.push(await platform.fileHash(source, { signal, onProgress }))
  if (hashes.length === 1) return hashes[0]!
  const hash = platform.makeHash('sha256')
  hash.update(new TextEncoder().encode(hashes.join('\n')))
  return hash.hex()
}
