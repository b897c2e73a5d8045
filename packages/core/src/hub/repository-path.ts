import { checkArgument } from '@lc/model/check'

/** A name on the hub: `org/name`, or one of the few old names without an organisation. */
export function checkRepository(repository: string): string {
  checkArgument(
    repository.length <= 200 &&
      /^[A-Za-z0-9][\w.-]*(?:\/[A-Za-z0-9_][\w.-]*)?$/.test(repository) &&
      !/\.\.|--/.test(repository),
    'repository',
    repository,
    'a hub id such as org/name',
  )
  return repository
}

/** A branch, tag, commit or `refs/pr/1`. */
export function checkRevision(revision: string): string {
  checkArgument(
    revision.length <= 200 && /^[A-Za-z0-9_][\w.-]*(?:\/[\w][\w.-]*)*$/.test(revision) && !revision.includes('..'),
    'revision',
    revision,
    'a branch, tag or commit',
  )
  return revision
}

/** A path inside a repository: relative, with `/`, never up. */
export function checkFilePath(path: string): string {
  const segments = path.split('/')
  checkArgument(
    path.length <= 1000 &&
      segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..' && !hasControl(segment)),
    'file',
    path,
    'a relative path inside the repository',
  )
  return path
}

function hasControl(text: string): boolean {
  return /[\\:*?"<>|]|\p{Cc}/u.test(text)
}

/** An address under the endpoint with every part escaped. */
export function resolveAddress(endpoint: string, repository: string, revision: string, path: string): string {
  const file = path.split('/').map(encodeURIComponent).join('/')
  return `${endpoint}/${repository}/resolve/${encodeURIComponent(revision)}/${file}`
}
