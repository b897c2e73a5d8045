import { spawn } from 'node:child_process'

export interface ProgramResult {
  /** Exit status; undefined when the program is not there or was killed. */
  readonly status: number | undefined
  readonly output: string
  readonly errors: string
}

const longestOutput = 1 << 20

/**
 * Runs a program without a shell and waits for its end. An abort kills it and throws the reason.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { signal?: AbortSignal | undefined } = {},
): Promise<ProgramResult> {
  const { signal } = options
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < longestOutput) output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (errors.length < longestOutput) errors += text
    })
    const kill = (): void => {
      child.kill('SIGKILL')
    }
    signal?.addEventListener('abort', kill, { once: true })
    const end = (status: number | undefined): void => {
      signal?.removeEventListener('abort', kill)
      if (signal?.aborted) reject(signal.reason)
      else resolve({ status, output, errors })
    }
    child.on('error', () => end(undefined))
    child.on('close', (code) => end(code ?? undefined))
  })
}
