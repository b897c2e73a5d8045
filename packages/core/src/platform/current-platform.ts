import type { Platform } from './platform.ts'

/** The platform that the program runs on, as its loader chooses it by the conditions of this package's `imports`. */
export async function currentPlatform(): Promise<Platform> {
  const { platform } = await import('#platform')
  return platform
}
