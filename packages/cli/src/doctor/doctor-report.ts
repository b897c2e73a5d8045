import { printTable } from '../output/print-table.ts'
import type { CheckResult } from './check-result.ts'

/** What `lc doctor --json` prints. */
export interface DoctorDocument {
  /** Whether no check failed. */
  ok: boolean
  checks: CheckResult[]
}

/** The checks as data. */
export function doctorDocument(checks: CheckResult[]): DoctorDocument {
  return { ok: checks.every((check) => check.state !== 'failed'), checks }
}

/** The checks as lines for people. */
export function doctorText(checks: readonly CheckResult[]): string {
  return printTable(checks.map((check) => [check.state, check.name, check.detail]))
}
