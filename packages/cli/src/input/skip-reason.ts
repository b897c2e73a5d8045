/** @file Which files of a folder are not worth a model's time. */

/** Files of a folder above this size are left out. */
export const largestFileBytes = 1_000_000

const lockFiles = new Set([
  'package-lock.json',
  'npm-shrinkwrap.json',
  'yarn.lock',
  'pnpm-lock.yaml',
  'bun.lock',
  'bun.lockb',
  'deno.lock',
  'cargo.lock',
  'poetry.lock',
  'pdm.lock',
  'uv.lock',
  'pipfile.lock',
  'conda-lock.yml',
  'composer.lock',
  'gemfile.lock',
  'go.sum',
  'go.work.sum',
  'mix.lock',
  'pubspec.lock',
  'podfile.lock',
  'package.resolved',
  'packages.lock.json',
  'gradle.lockfile',
  'flake.lock',
  'stack.yaml.lock',
  '.terraform.lock.hcl',
])

/** Why a file is left out by its name alone. */
export function skipReasonOfName(name: string): string | undefined {
  const lower = name.toLowerCase()
  if (lockFiles.has(lower)) return 'lock file'
  if (/\.min\.(js|mjs|cjs|css|html|svg)$/.test(lower)) return 'minified'
  if (/\.(js|mjs|cjs|css)\.map$/.test(lower)) return 'source map'
  return undefined
}

const minifiableName = /\.(js|mjs|cjs|jsx|css|html?|json|svg|xml)$/i

/**
 * Whether text of this file name looks minified: lines so long that no person wrote them. Only formats that minifiers
 * write are judged; prose may have a paragraph on a line.
 */
export function looksMinified(name: string, text: string): boolean {
  if (!minifiableName.test(name) || text.length < 1000) return false
  let lines = 1
  let longest = 0
  let lineStart = 0
  for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', lineStart)) {
    longest = Math.max(longest, end - lineStart)
    lineStart = end + 1
    lines++
  }
  longest = Math.max(longest, text.length - lineStart)
  return text.length / lines > 250 && longest > 1000
}
