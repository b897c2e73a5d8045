/** @file `lc cache view`: what a policy leaves of a text's cache, as a page. */
import { resolve } from 'node:path'
import { fullCache } from '@lc/core'
import { cachePage, recordCache } from '@lc/kv/view'
import { atomicWrite } from '@lc/model/node'
import type { CommandContext } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { readNamedText } from '../input/read-named-text.ts'
import { openLocalModel } from '../model/open-local-model.ts'
import { localModelOptions } from '../options/model-options.ts'
import { integerOption, textOption, withDefault } from '../options/option.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { chosenMethod, policyOptions } from '../options/policy-options.ts'

/** The options of `lc cache view`; the other actions take none of them. */
export const cacheViewOptions = {
  model: textOption({ placeholder: 'M', description: 'view, gates: an alias, a .gguf file, a folder, or a hub name' }),
  file: textOption({ placeholder: 'F', description: 'view: the text; - is the standard input' }),
  out: textOption({ placeholder: 'PAGE', description: 'view: the HTML page that is written; gates: the file' }),
  ...policyOptions,
  maxTokens: withDefault(
    integerOption({ placeholder: 'N', description: 'view: tokens to generate after the text', min: 0 }),
    0,
  ),
  ...localModelOptions,
}

/** Reads a text under a policy, and writes the page. */
export async function viewCache(options: OptionValues<typeof cacheViewOptions>, context: CommandContext): Promise<0> {
  const { model: name, file, out } = options
  if (name === undefined || file === undefined || out === undefined)
    throw new UsageError({ problem: 'lc cache view needs --model M, --file F and --out PAGE', command: 'cache' })
  const method = chosenMethod({ policy: options.policy, budget: options.budget })
  const chosen = method?.policy ?? fullCache
  const text = await readNamedText(file, context)
  const { signal, output, cwd } = context
  const model = await openLocalModel({ ...options, model: name, method }, context)
  try {
    const { policy, recording } = recordCache(chosen)
    const session = model.session({ policy })
    await session.prefill(text, { signal, onProgress: output.progress })
    if (options.maxTokens > 0) await session.decode({ maxTokens: options.maxTokens, signal })
    const title = `${chosen.id} on ${file === '-' ? 'a text' : file}`
    const page = cachePage({ session, recording, tokenizer: model.tokenizer, title })
    await atomicWrite(resolve(cwd, out), page, { signal })
    const { heads, ...report } = session.report()
    await session.close()
    const kept = `${Math.round(report.slots.mean)} of ${report.tokens} slots per head`
    output.result({ page: out, ...report, heads }, `${kept}, ${(report.bytes.used / 1e6).toFixed(1)} MB in use; ${out}`)
  } finally {
    await model.close()
  }
  return 0
}
