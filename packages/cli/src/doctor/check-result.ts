/** The outcome of one check of `lc doctor`. */
export interface CheckResult {
  name: string
  /** `failed` makes the command end with exit code 3; `note` is worth knowing and no fault. */
  state: 'ok' | 'failed' | 'note'
  detail: string
}

/** A check that held. */
export function held(name: string, detail: string): CheckResult {
  return { name, state: 'ok', detail }
}

/** A check that did not hold. */
export function failed(name: string, detail: string): CheckResult {
  return { name, state: 'failed', detail }
}

/** Something worth knowing. */
export function noted(name: string, detail: string): CheckResult {
  return { name, state: 'note', detail }
}
