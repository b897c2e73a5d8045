import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const program = join(import.meta.dirname, '..', 'lc.ts')

function start(...words: string[]): ChildProcess {
  const parameters = ['--conditions=@lc/source', '--import', 'tsx', program, ...words]
  return spawn(process.execPath, parameters, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  })
}

async function finish(child: ChildProcess) {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (data) => {
    stdout += data
  })
  child.stderr?.on('data', (data) => {
    stderr += data
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, stdout, stderr }
}

test('the program prints help and ends with 0', async () => {
  const { code, stdout, stderr } = await finish(start('--help'))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('Usage: lc COMMAND')
})

test('wrong usage ends with 2, a failure with 1, each with one JSON document on stdout', async () => {
  const [usage, failure] = await Promise.all([
    finish(start('compress', '--json')),
    finish(start('score', '--model', 'x', '--file', '/nowhere', '--json')),
  ])
  expect(usage.code).toBe(2)
  expect(JSON.parse(usage.stdout).error.code).toBe('usage')
  expect(failure.code).toBe(1)
  expect(JSON.parse(failure.stdout).error.code).toBe('input')
})

test.each([['SIGINT'], ['SIGTERM']] as const)('%s ends a waiting command with 130', async (signal) => {
  const child = start('score', '--model', 'x', '--file', '-', '--json')
  const result = finish(child)
  // more than the pipe holds: once it is all taken, the command reads; the end never comes
  await new Promise((resolve) => child.stdin?.write('text '.repeat(200_000), resolve))
  child.kill(signal)
  const { code, stdout } = await result
  expect(code).toBe(130)
  expect(JSON.parse(stdout)).toEqual({ error: { code: 'aborted', message: 'interrupted' } })
})

test('a reader that goes away is no failure', async () => {
  const child = start('--help')
  child.stdout?.destroy()
  const { code, stderr } = await finish(child)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})
