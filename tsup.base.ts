import { readdirSync } from 'node:fs'
import { defineConfig, type Options } from 'tsup'

/** The one build of all packages: every door (`src/*.ts`) is an entry; nothing foreign is bundled. */
export function packageBuild(options: Options = {}) {
  const doors = readdirSync('src').filter((name) => name.endsWith('.ts') && !/\.test(-d)?\.ts$/.test(name))
  return defineConfig({
    entry: doors.map((name) => `src/${name}`),
    format: 'esm',
    dts: true,
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    treeshake: true,
    clean: true,
    external: [/^#/, /^node:/],
    ...options,
  })
}
