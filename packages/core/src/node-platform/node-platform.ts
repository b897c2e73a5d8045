import type { Platform } from '../platform/platform.ts'
import { nodeDevice } from './node-device.ts'
import { nodeFilePlatform } from './node-file-platform.ts'

/** The platform of Node, with settings from an environment (default: the process's own). */
export function nodePlatform(environment?: Readonly<Record<string, string | undefined>>): Platform {
  return { ...nodeFilePlatform(environment), openDevice: nodeDevice }
}

/** The platform of this process. */
export const platform: Platform = nodePlatform()
