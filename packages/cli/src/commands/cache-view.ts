/** @file `lc cache view`: what a policy leaves of a text's cache, as a page. */
import { resolve } from 'node:path'
import { type CachePolicy, fullCache, type LocalModel } from '@lc/core'
import { cachePage, recordCache } from '@lc/kv/view'
import { atomicWrite } from '@lc/model/node'
import type { CommandContext } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { readNamedText } from '../input/read-named-text.ts'
import { withChosenCache } from '../model/cache-method.ts'
import { openLocalModel } from '../model/open-local-model.ts'
import { localModelOptions } from '../options/model-options.ts'
import { integerOption, textOption, withDefault } from '../options/option.ts'
import type { OptionValues } from '../options/parse-options.ts'
import { policyOptions } from '../options/policy-options.ts'

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
  return withChosenCache(options, context, async ({ method }): Promise<0> => {
    const text = await readNamedText(file, context)
    const model = await openLocalModel({ ...options, model: name, method }, context)
    try {
      await writePage(
        model,
        { text, policy: method?.policy ?? fullCache, file, out, maxTokens: options.maxTokens },
        context,
      )
      return 0
    } finally {
      await model.close()
    }
  })
}

interface PageWishes {
  readonly text: string
  readonly policy: CachePolicy
  readonly maxTokens: number
  /** The text's name. */
  readonly file: string
  readonly out: string
}

async function writePage(
  model: LocalModel,
  wishes: PageWishes,
  { signal, output, cwd }: CommandContext,
): Promise<void> {
  const { text, maxTokens, file, out } = wishes
  const { policy, recording } = recordCache(wishes.policy)
  const session = model.session({ policy })
  await session.prefill(text, { signal, onProgress: output.progress })
  if (maxTokens > 0) await session.decode({ maxTokens, signal })
  const title = `${wishes.policy.id} on ${file === '-' ? 'a text' : file}`
  const page = cachePage({ session, recording, tokenizer: model.tokenizer, title })
  await atomicWrite(resolve(cwd, out), page, { signal })
  const { heads, ...report } = session.report()
  await session.close()
  const kept = `${Math.round(report.slots.mean)} of ${report.tokens} slots per head`
  output.result({ page: out, ...report, heads }, `${kept}, ${(report.bytes.used / 1e6).toFixed(1)} MB in use; ${out}`)
}
