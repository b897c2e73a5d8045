import { homedir, platform } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * lc's own cache folder: `LC_CACHE`, else `lc` in the user's cache folder (`$XDG_CACHE_HOME`, `~/Library/Caches`,
 * `%LOCALAPPDATA%`, `~/.cache`).
 */
export function cacheFolder(environment: Environment): string {
  if (environment.LC_CACHE) return environment.LC_CACHE
  if (environment.XDG_CACHE_HOME) return join(environment.XDG_CACHE_HOME, 'lc')
  if (platform() === 'darwin') return join(homedir(), 'Library', 'Caches', 'lc')
  if (platform() === 'win32')
    return join(environment.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'lc', 'Cache')
  return join(homedir(), '.cache', 'lc')
}

/** The hub cache that Python's `huggingface_hub` uses: `HF_HUB_CACHE`, else `hub` in `HF_HOME`. */
export function hubCacheFolder(environment: Environment): string {
  return environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE || join(hubHome(environment), 'hub')
}

/** `HF_HOME`, by default `huggingface` in the user's cache folder. */
export function hubHome(environment: Environment): string {
  if (environment.HF_HOME) return environment.HF_HOME
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface')
}
