import type { ProgressEvent } from '@lc/model'

/** Where progress is drawn. */
export interface ProgressTarget {
  write(text: string): void
  /** Draw over one line; otherwise plain lines, a few per operation. */
  live: boolean
  columns: number
  /** Milliseconds. */
  now(): number
}

const redrawMs = 100
const plainMs = 5000

/** Draws progress events: one moving line on a terminal, plain lines elsewhere. */
export class ProgressBar {
  readonly #target: ProgressTarget
  #operation: string | undefined
  #drawnAt = Number.NEGATIVE_INFINITY
  #startedAt = 0
  #dirty = false

  constructor(target: ProgressTarget) {
    this.#target = target
  }

  show(event: ProgressEvent): void {
    const now = this.#target.now()
    const fresh = event.operation !== this.#operation
    if (fresh) {
      this.#operation = event.operation
      this.#startedAt = now
    }
    const finished = event.total !== undefined && event.done >= event.total
    const wait = this.#target.live ? redrawMs : plainMs
    // short operations stay silent on plain output
    if (!this.#target.live && fresh) this.#drawnAt = now
    if (now - this.#drawnAt < wait && !(finished && this.#target.live)) return
    this.#drawnAt = now
    const line = progressLine(event, (now - this.#startedAt) / 1000)
    if (!this.#target.live) this.#target.write(`${line}\n`)
    else {
      this.#target.write(`\r\u001b[2K${line.slice(0, Math.max(10, this.#target.columns - 1))}`)
      this.#dirty = true
    }
  }

  /** Removes the moving line, so that something else can be written. */
  clear(): void {
    if (this.#dirty) this.#target.write('\r\u001b[2K')
    this.#dirty = false
  }
}

/** One event as text: `score 120 of 480 passages, 25 %`. */
export function progressLine(event: ProgressEvent, seconds: number): string {
  const amount = (count: number) => (event.unit === 'bytes' ? `${(count / 1e6).toFixed(1)}` : String(count))
  const unit = event.unit === 'bytes' ? 'MB' : event.unit
  const share = event.total ? `, ${Math.floor((100 * event.done) / event.total)} %` : ''
  const of = event.total === undefined ? '' : ` of ${amount(event.total)}`
  const elapsed = seconds >= 1 ? `, ${seconds.toFixed(0)} s` : ''
  return `${event.operation} ${amount(event.done)}${of} ${unit}${share}${elapsed}`
}
