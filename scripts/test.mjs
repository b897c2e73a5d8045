/**
 * @file Runs all tests and says in one line what ran. Tests that need a browser, a GPU driver or a model say when they
 * cannot run; with LC_REQUIRE_ALL=1 (set in CI) a skipped test fails the run.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'lc-test-'))
const report = join(folder, 'report.json')
// Chromium ships a software Vulkan driver, with which WebGPU runs in Node without a GPU
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json'
const env = { ...process.env }
if (existsSync(driver) && !env.VK_ICD_FILENAMES) {
  Object.assign(env, { VK_ICD_FILENAMES: driver, VK_DRIVER_FILES: driver })
  // and the Vulkan loader, where the system has none
  env.LD_LIBRARY_PATH = [env.LD_LIBRARY_PATH, '/usr/lib/chromium'].filter(Boolean).join(':')
}

const vitest = [
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]
const { status } = spawnSync('npx', vitest, { stdio: 'inherit', env, shell: process.platform === 'win32' })
if (!existsSync(report)) process.exit(status || 1)
const { testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
  readFileSync(report, 'utf8'),
)
rmSync(folder, { recursive: true })

const skipped = numPendingTests + numTodoTests
for (const file of testResults) {
  for (const test of file.assertionResults) {
    if (test.status === 'skipped' || test.status === 'pending')
      process.stderr.write(`SKIPPED ${file.name}: ${test.fullName}\n`)
  }
}
const refused = process.env.LC_REQUIRE_ALL === '1' && skipped > 0
if (refused) process.stderr.write('LC_REQUIRE_ALL=1: a skipped test is a failed run\n')
process.stdout.write(`${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped\n`)
process.exit(status !== 0 ? status || 1 : refused ? 1 : 0)
