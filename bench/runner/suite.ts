import type { Machine } from './machine.ts'
import type { Summary } from './statistics.ts'

export interface BenchOptions {
  repeat: number
  model?: string | undefined
  data?: string | undefined
  python?: string | undefined
  longcodezip?: string | undefined
  /** Smaller sizes, where a suite has them. */
  quick?: boolean | undefined
  /** A file that finished pieces of long suites are recorded in. */
  journal?: string | undefined
  /** Whether results are recorded. */
  write?: boolean | undefined
}

/** One line of a table: a contestant at one size. */
export interface Row {
  contestant: string
  /** What was measured, for example `2048 tokens`. */
  what: string
  /** `tokens/s`, `s`, `GB`. */
  unit: string
  value: Summary
  /** How many times better this row's median is than that of each reference contestant. */
  ratios?: { to: string; value: number }[]
  detail?: Record<string, string | number>
}

export interface SuiteTable {
  rows: Row[]
  /** Contestants that did not run, and why. */
  absent: { contestant: string; reason: string }[]
  notes?: string[]
  /** Figures that are kept with the result but not shown in its table. */
  records?: unknown
}

export interface SuiteResult extends SuiteTable {
  suite: string
  title: string
  date: string
  commit: string
  machine: Machine
  /** How it was started. Defaults to the suite with no options. */
  command?: string
}

export interface Suite {
  title: string
  run(options: BenchOptions, say: (line: string) => void): Promise<SuiteTable>
}
