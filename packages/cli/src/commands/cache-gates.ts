/** @file `lc cache gates`: which heads of a model need all of a text, as a file for duo-attention. */
import { resolve } from 'node:path'
import { findHeadGates, formatHeadProfile } from '@lc/kv/parts'
import { atomicWrite } from '@lc/model/node'
import type { CommandContext } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { openLocalModel } from '../model/open-local-model.ts'
import type { OptionValues } from '../options/parse-options.ts'
import type { cacheViewOptions } from './cache-view.ts'

/** Finds the gates of a model, and writes them. */
export async function findGates(options: OptionValues<typeof cacheViewOptions>, context: CommandContext): Promise<0> {
  const { model: name, out } = options
  if (name === undefined || out === undefined)
    throw new UsageError({ problem: 'lc cache gates needs --model M and --out FILE', command: 'cache' })
  const { signal, output, cwd } = context
  const model = await openLocalModel({ ...options, model: name, method: undefined }, context)
  try {
    const profile = await findHeadGates(model, { signal, onProgress: output.progress })
    await atomicWrite(resolve(cwd, out), formatHeadProfile(profile), { signal })
    const { layerCount, kvHeadCount, gates } = profile
    const needed = gates.filter((gate) => gate > 0).length
    output.result(
      { out, layers: layerCount, heads: kvHeadCount, gates: Array.from(gates) },
      `${needed} of ${gates.length} heads are missed when they keep first and last tokens alone; ${out}`,
    )
  } finally {
    await model.close()
  }
  return 0
}
