/** @file The contestant's side of the line protocol (JavaScript, so that peers outside the workspaces can import it). */
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Answers each request line by the handler named by `op`; handlers return the fields of the response. */
export async function answerRequests(handlers) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    let response
    try {
      response = request.op === 'memory' ? { peakBytes: peakBytes() } : await handlers[request.op](request)
    } catch (error) {
      response = { error: String(error?.stack ?? error) }
    }
    process.stdout.write(`@@${JSON.stringify(response)}\n`)
  }
}

/** Runs a function and returns its milliseconds beside its result. */
export async function timed(work) {
  const start = performance.now()
  const result = await work()
  return { ms: performance.now() - start, result }
}

function peakBytes() {
  const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))
  return line ? Number(line[1]) * 1024 : process.resourceUsage().maxRSS * 1024
}
