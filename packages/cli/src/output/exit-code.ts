import { isLcError } from '@lc/model/errors'

/** 0 done, 1 failed, 2 wrong usage, 3 a check did not hold, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 130

const usageCodes: readonly string[] = ['usage', 'invalid-argument']

/** The exit code for a failure; an interrupted run is 130 whatever was thrown. */
export function exitCodeOf(error: unknown, signal: AbortSignal): ExitCode {
  if (signal.aborted) return 130
  return isLcError(error) && usageCodes.includes(error.code) ? 2 : 1
}
