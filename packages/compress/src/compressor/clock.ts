/** Seconds of the steps of one compression. */
export interface Clock {
  timings: Record<string, number>
  /** Runs a step and adds its seconds under its name. */
  time<T>(name: string, work: () => T | Promise<T>): Promise<T>
  /** Seconds since the start. */
  seconds(): number
}

/** A clock that starts now. */
export function startClock(): Clock {
  const start = performance.now()
  const timings: Record<string, number> = {}
  return {
    timings,
    async time(name, work) {
      const from = performance.now()
      const value = await work()
      timings[name] = (timings[name] ?? 0) + (performance.now() - from) / 1000
      return value
    },
    seconds: () => (performance.now() - start) / 1000,
  }
}
