import { createRequire } from 'node:module'

/** The version of the installed package. */
export function programVersion(): string {
  // by its own name, so that it is found from the sources and from the build alike
  const manifest = createRequire(import.meta.url)('@lc/cli/package.json') as { version: string }
  return manifest.version
}
