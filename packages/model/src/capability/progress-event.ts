/** How far a long operation has come. */
export interface ProgressEvent {
  type: 'progress'
  /** What is being done, for example `download` or `score`. */
  operation: string
  done: number
  /** Missing when the end is not known. */
  total?: number
  unit: 'bytes' | 'tokens' | 'passages' | 'files' | 'steps' | 'requests'
}
