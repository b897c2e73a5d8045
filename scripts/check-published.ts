/** @file Runs publint and attw over every built package: what npm users would get. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
let failed = false
for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name)
  for (const command of [
    ['publint', folder, '--strict'],
    ['attw', '--pack', folder, '--profile', 'esm-only'],
  ]) {
    const { status, stdout, stderr } = spawnSync('npx', command, { cwd: root, encoding: 'utf8' })
    if (status === 0) continue
    failed = true
    process.stderr.write(`${command.join(' ')}\n${stdout}${stderr}\n`)
  }
  process.stdout.write(`${name}: published form checked\n`)
}
process.exit(failed ? 1 : 0)
