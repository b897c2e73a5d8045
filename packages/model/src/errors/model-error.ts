import type { ApiCallError } from './api-call-error.ts'
import type { BudgetTooSmallError } from './budget-too-small-error.ts'
import type { ContextLengthError } from './context-length-error.ts'
import type { DisposedError } from './disposed-error.ts'
import type { InternalError } from './internal-error.ts'
import type { InvalidArgumentError } from './invalid-argument-error.ts'
import type { JournalError } from './journal-error.ts'
import type { OutputParseError } from './output-parse-error.ts'
import type { TimeoutError } from './timeout-error.ts'
import type { UnsupportedCapabilityError } from './unsupported-capability-error.ts'

/** Every error of this package, told apart by `code`. */
export type ModelError =
  | ApiCallError
  | BudgetTooSmallError
  | ContextLengthError
  | DisposedError
  | InternalError
  | InvalidArgumentError
  | JournalError
  | OutputParseError
  | TimeoutError
  | UnsupportedCapabilityError
