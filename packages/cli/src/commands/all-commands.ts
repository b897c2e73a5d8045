import type { Command } from '../command/command.ts'

/** The commands of `lc`, in the order of its help. */
export const allCommands: readonly Command[] = []
