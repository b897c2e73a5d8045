import { DownloadError } from '../errors/download-error.ts'
import { requestHub } from './hub-request.ts'
import type { HubSettings } from './hub-settings.ts'
import { resolveAddress } from './repository-path.ts'

/** What a hub says about a file before it is fetched. */
export interface RemoteFile {
  readonly commit: string
  readonly etag: string
  readonly size?: number | undefined
}

/** Which file a hub is asked about. */
export interface RemoteFileRequest {
  readonly settings: HubSettings
  readonly repository: string
  readonly revision: string
  readonly path: string
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks for a file's commit, entity tag and size. Undefined when the repository has no such file; `commit` is then found
 * in `missingAt` where the server says it.
 *
 * @throws DownloadError.
 */
export async function findRemoteFile(
  request: RemoteFileRequest,
): Promise<RemoteFile | { readonly missingAt: string | undefined }> {
  const { settings, repository, revision, path, signal } = request
  if (settings.access === 'listing') return findListedFile(request)
  const response = await requestHub({
    settings,
    method: 'HEAD',
    url: resolveAddress(settings.endpoint, repository, revision, path),
    repository,
    file: path,
    follow: 'host',
    signal,
    timeoutMs: settings.headTimeoutMs,
  })
  const commit = response.headers.get('x-repo-commit') ?? undefined
  if (response.status === 404) return missing(request, response, commit)
  if (!response.ok && response.status >= 400)
    throw new DownloadError({
      repository,
      file: path,
      status: response.status,
      problem: `the server answers with status ${response.status}`,
    })
  const etag = cleanTag(response.headers.get('x-linked-etag') ?? response.headers.get('etag'))
  if (commit === undefined || !/^[0-9a-f]{40}$/.test(commit) || etag === undefined)
    throw new DownloadError({
      repository,
      file: path,
      problem: 'the server does not name a commit and an entity tag',
      advice: 'it is not a hub; check HF_ENDPOINT',
    })
  const size = Number(response.headers.get('x-linked-size') ?? response.headers.get('content-length') ?? Number.NaN)
  return { commit, etag, size: Number.isSafeInteger(size) && size >= 0 ? size : undefined }
}

/** The same from the hub's listing of a repository. */
async function findListedFile(request: RemoteFileRequest): Promise<RemoteFile | { readonly missingAt: string }> {
  const { settings, repository, revision, path, signal } = request
  const response = await requestHub({
    settings,
    method: 'GET',
    url: `${settings.endpoint}/api/models/${repository}/revision/${encodeURIComponent(revision)}?blobs=true`,
    repository,
    file: path,
    follow: 'all',
    signal,
    timeoutMs: settings.headTimeoutMs,
  })
  const fail = (problem: string): DownloadError =>
    new DownloadError({ repository, file: path, status: response.status, problem, advice: 'check the name' })
  if (!response.ok) throw fail(`the hub does not list the repository (status ${response.status})`)
  const listing = (await response.json().catch(() => undefined)) as
    | {
        sha?: unknown
        siblings?: { rfilename?: unknown; size?: unknown; blobId?: unknown; lfs?: { sha256?: unknown } }[]
      }
    | undefined
  const commit = listing?.sha
  if (typeof commit !== 'string' || !/^[0-9a-f]{40}$/.test(commit) || !Array.isArray(listing?.siblings))
    throw fail('the listing of the repository is not in the form of the hub')
  const found = listing.siblings.find((entry) => entry?.rfilename === path)
  if (!found) return { missingAt: commit }
  const etag = cleanTag(String(found.lfs?.sha256 ?? found.blobId ?? ''))
  if (etag === undefined) throw fail('the listing does not name a hash')
  const size = typeof found.size === 'number' && Number.isSafeInteger(found.size) ? found.size : undefined
  return { commit, etag, size }
}

function missing(
  request: RemoteFileRequest,
  response: Response,
  commit: string | undefined,
): { missingAt: string | undefined } {
  const code = response.headers.get('x-error-code')
  if (code === 'RepoNotFound' || code === 'RevisionNotFound')
    throw new DownloadError({
      repository: request.repository,
      file: request.path,
      status: 404,
      problem: code === 'RepoNotFound' ? 'there is no such repository' : `there is no revision ${request.revision}`,
      advice: 'check the name, or give a local file with --model FILE',
    })
  return { missingAt: commit }
}

/** Without quotes and weakness; undefined when it could not name a file. */
function cleanTag(value: string | null): string | undefined {
  const tag = value?.replace(/^W\//, '').replace(/^"|"$/g, '')
  return tag !== undefined && /^[A-Za-z0-9][\w.-]{0,127}$/.test(tag) ? tag : undefined
}
