import type { Command } from '../command/command.ts'
import { ask } from './ask.ts'
import { cache } from './cache.ts'
import { compress } from './compress.ts'
import { doctor } from './doctor.ts'
import { embed } from './embed.ts'
import { exportCommand } from './export.ts'
import { generate } from './generate.ts'
import { models } from './models.ts'
import { score } from './score.ts'
import { serve } from './serve.ts'

/** The commands of `lc`, in the order of its help. */
export const allCommands: readonly Command[] = [
  compress,
  ask,
  score,
  generate,
  embed,
  models,
  serve,
  exportCommand,
  cache,
  doctor,
]
