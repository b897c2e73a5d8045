import { mkdir, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describeSystemError } from '../errors/input-error.ts'
import { type CheckResult, failed, held } from './check-result.ts'

/** Below this the smallest model does not fit beside its prepared form. */
const leastFreeBytes = 1_000_000_000

/** Whether the cache folder can be written, and whether its disk has room for a model. */
export async function cacheChecks(folder: string): Promise<CheckResult[]> {
  const probe = join(folder, `.doctor-${process.pid}`)
  try {
    await mkdir(folder, { recursive: true })
    await writeFile(probe, 'lc')
    await rm(probe)
  } catch (error) {
    return [failed('cache folder', `${folder} ${describeSystemError(error)}`)]
  }
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const words = `${(free / 1e9).toFixed(1)} GB free`
  return [
    held('cache folder', folder),
    free >= leastFreeBytes
      ? held('disk space', words)
      : failed('disk space', `${words}; ${leastFreeBytes / 1e9} GB are needed for the smallest model`),
  ]
}
