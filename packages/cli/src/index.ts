/** The command `lc` as a function, for programs that embed it. @module */
export type { ExitCode } from './output/exit-code.ts'
export type { TextSink } from './output/output.ts'
export { type ProgramSurroundings, runProgram } from './program/run-program.ts'
