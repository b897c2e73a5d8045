import { availableParallelism, totalmem } from 'node:os'
import { type CheckResult, failed, held, noted } from './check-result.ts'

/** The lowest version of Node that lc runs on. */
const oldestNode = [20, 19] as const

/** Whether this Node is new enough. */
export function nodeCheck(version: string): CheckResult {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  const [oldMajor, oldMinor] = oldestNode
  const enough = major > oldMajor || (major === oldMajor && minor >= oldMinor)
  return enough ? held('node', version) : failed('node', `${version} is older than ${oldestNode.join('.')}`)
}

/** What the machine has; never a fault. */
export function machineCheck(): CheckResult {
  return noted(
    'machine',
    `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(1)} GiB of memory`,
  )
}
