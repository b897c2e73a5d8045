/** Helpers for `AbortSignal`: races, merged signals with deadlines, sleep, streams that stop when their loop is left. @module */
export { cancelOnBreak } from './abort/cancel-on-break.ts'
export { type MergedSignal, type MergeSignalsOptions, mergeSignals } from './abort/merge-signals.ts'
export { sleep } from './abort/sleep.ts'
export { withAbort } from './abort/with-abort.ts'
