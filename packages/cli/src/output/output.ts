import type { ProgressEvent } from '@lc/model'
import { printJson } from './print-json.ts'
import { ProgressBar } from './progress-bar.ts'

/** A stream that text is written to. */
export interface TextSink {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface OutputOptions {
  stdout: TextSink
  stderr: TextSink
  json: boolean
  quiet: boolean
  noColor: boolean
}

/** Results go to stdout, everything else to stderr. With `--json` stdout gets exactly one document. */
export class Output {
  readonly json: boolean
  readonly #options: OutputOptions
  readonly #bar: ProgressBar

  constructor(options: OutputOptions) {
    this.json = options.json
    this.#options = options
    this.#bar = new ProgressBar({
      write: (text) => options.stderr.write(text),
      live: options.stderr.isTTY === true && !options.noColor,
      columns: options.stderr.columns ?? 80,
      now: () => performance.now(),
    })
  }

  /** The result of the command: the document with `--json`, the text otherwise. */
  result(document: unknown, text: string): void {
    this.#bar.clear()
    this.#options.stdout.write(this.json ? printJson(document) : endLine(text))
  }

  /** A part of a result that is shown while it grows; not with `--json`. */
  delta(text: string): void {
    if (this.json) return
    this.#bar.clear()
    this.#options.stdout.write(text)
  }

  /** A line for people. */
  note(line: string): void {
    if (this.#options.quiet) return
    this.#bar.clear()
    this.#options.stderr.write(endLine(line))
  }

  readonly progress = (event: ProgressEvent): void => {
    if (!this.#options.quiet) this.#bar.show(event)
  }

  clearProgress(): void {
    this.#bar.clear()
  }
}

function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}
