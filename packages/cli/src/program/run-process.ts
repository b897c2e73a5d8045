/** Runs the program on the process's own words and streams, and sets its exit code. */
export async function runProcess(): Promise<void> {
  const interruption = new AbortController()
  const interrupt = () => {
    // a second Ctrl-C does not wait for the work in flight
    if (interruption.signal.aborted) process.exit(130)
    interruption.abort(new DOMException('interrupted', 'AbortError'))
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // the reader went away, as with `lc ... | head`
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  // loaded after the handlers stand: a Ctrl-C during start-up counts too
  const { runProgram } = await import('./run-program.ts')
  const code = await runProgram(process.argv.slice(2), {
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    program: process.argv[1],
    signal: interruption.signal,
  })
  process.off('SIGINT', interrupt)
  process.off('SIGTERM', interrupt)
  process.exitCode = code
  // a read of stdin that nobody waits for any more must not keep the process alive
  process.stdin.destroy()
}
