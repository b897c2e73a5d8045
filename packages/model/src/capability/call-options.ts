import type { ProgressEvent } from './progress-event.ts'

/** What every asynchronous call takes: a way to stop it and a way to watch it. */
export interface CallOptions {
  signal?: AbortSignal | undefined
  onProgress?: ((event: ProgressEvent) => void) | undefined
}
