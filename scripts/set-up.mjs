/**
 * @file Makes a fresh clone ready: installs dependencies when the lock file is newer than the installed tree, and builds
 * with `--build`. Plain JavaScript, since it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`lc needs Node >= 20.19; this is ${process.versions.node}\n`)
  process.exit(1)
}

const installed = 'node_modules/.package-lock.json'
const stale = !existsSync(installed) || statSync('package-lock.json').mtimeMs > statSync(installed).mtimeMs + 1000
// `npm ci` would remove an installed tree that other processes may be using
if (stale) run('npm', [existsSync(installed) ? 'install' : 'ci'])
if (process.argv.includes('--build')) run('npx', ['turbo', 'run', 'build', '--output-logs=errors-only'])

function run(command, parameters) {
  process.stderr.write(`> ${command} ${parameters.join(' ')}\n`)
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' }
  // npm is a script file on Windows, which only a shell starts; all arguments are literals of this file
  const { status } = spawnSync(command, parameters, {
    stdio: ['ignore', 2, 2],
    env,
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
