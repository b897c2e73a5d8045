/**
 * @file A contestant runs in a process of its own and answers one JSON line per request, so that memory is its own and a
 * crash is a result. Lines of other output are passed on to stderr.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type Request =
  | { op: 'load'; model: string }
  | { op: 'encode'; text: string }
  | { op: 'score'; ids: number[] }
  | { op: 'prefill'; ids: number[] }
  /** Greedy decoding after a prefill of `ids`; only the steps are timed. */
  | { op: 'decode'; ids: number[]; steps: number }
  | { op: 'compress'; files: string[]; query: string; budget: number; prefilter?: 'off' }
  /** A text by a method that decides about words. `rate` is the share of tokens that stays. */
  | { op: 'compress-text'; method: 'llmlingua' | 'llmlingua2'; text: string; rate: number }
  | { op: 'memory' }

export type Response = {
  ms?: number
  /** Mean negative log-likelihood per token, nats. */
  nll?: number
  ids?: number[]
  /** Tokens that were decoded within `ms`. */
  steps?: number
  /** VmHWM of the process. */
  peakBytes?: number
  version?: string
  /** What was made of a text. */
  text?: string
  detail?: Record<string, string | number>
  error?: string
}

export interface Contestant {
  /** As in tables: `lc exact`, `PyTorch float32`. */
  name: string
  command: string
  parameters: string[]
  env?: Record<string, string>
  /** What must be there, in words, or undefined when it can run. */
  missing?: string | undefined
}

const answerMark = '@@'

export class ContestantProcess {
  readonly contestant: Contestant
  readonly #child: ChildProcessWithoutNullStreams
  readonly #waiting: ((response: Response) => void)[] = []

  constructor(contestant: Contestant) {
    this.contestant = contestant
    this.#child = spawn(contestant.command, contestant.parameters, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...contestant.env },
    })
    this.#child.stderr.on('data', (chunk: Buffer) => process.env.LC_BENCH_VERBOSE && process.stderr.write(chunk))
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line.startsWith(answerMark)) this.#waiting.shift()?.(JSON.parse(line.slice(answerMark.length)) as Response)
      else if (process.env.LC_BENCH_VERBOSE) process.stderr.write(`[${contestant.name}] ${line}\n`)
    })
    const end = (problem: string) => {
      for (const resolve of this.#waiting.splice(0)) resolve({ error: problem })
    }
    this.#child.on('error', (error) => end(error.message))
    this.#child.on('exit', (code, signal) => end(`the process ended (${signal ?? code})`))
  }

  async request(request: Request): Promise<Response> {
    if (this.#ended) return { error: 'the process has ended' }
    this.#signal('SIGCONT')
    const response = await new Promise<Response>((resolve) => {
      this.#waiting.push(resolve)
      this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    })
    this.#signal('SIGSTOP')
    return response
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** Between its turns a contestant stands still: threads that spin or collect garbage would slow down the others. */
  #signal(signal: 'SIGCONT' | 'SIGSTOP'): void {
    if (!this.#ended && process.platform !== 'win32') this.#child.kill(signal)
  }

  async close(): Promise<void> {
    if (this.#ended) return
    this.#signal('SIGCONT')
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdin.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000)
    await gone
    clearTimeout(timer)
  }
}
