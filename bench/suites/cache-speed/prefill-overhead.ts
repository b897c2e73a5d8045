/** @file What a policy adds to reading a prompt, and what its cache takes afterwards; all take turns within each round. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { CachePolicy, LocalModel } from '@lc/core'
import { summarise } from '../../runner/statistics.ts'
import type { Row } from '../../runner/suite.ts'
import { type SpeedPolicy, speedPolicy } from './contestants.ts'

/** One reading of a prompt. */
export interface ReadingRecord {
  readonly policy: string
  readonly scores: boolean
  readonly seconds: number
  /** Bytes that the budget says, that the session reports, and that the process has more than before. */
  readonly bytes: { readonly budget: number; readonly allocated: number; readonly process: number }
}

interface ReadingOptions {
  readonly policies: readonly SpeedPolicy[]
  readonly share: number
  readonly say: (line: string) => void
}

const cacheFormat = 'float32'
/** Tokens that programs are compiled and code is warmed with. */
const warmUpTokens = 1024

/** The full cache reads the prompt, and every policy a beginning of it; nothing is counted. */
export async function warmUpReadings(
  model: LocalModel,
  prompt: Uint32Array,
  { policies, share, say }: ReadingOptions,
): Promise<void> {
  const beginning = prompt.subarray(0, warmUpTokens)
  for (const each of policies) await readOnce(model, beginning, { each, slots: Math.floor(beginning.length * share) })
  const { seconds } = await readOnce(model, prompt, { each: undefined, slots: prompt.length })
  say(`warm-up: ${prompt.length} tokens, full: ${seconds.toFixed(1)} s`)
}

/** One round: every policy and the full cache read the prompt. */
export async function measureReadings(
  model: LocalModel,
  prompt: Uint32Array,
  { policies, share, say }: ReadingOptions,
): Promise<ReadingRecord[]> {
  const budget = Math.floor(prompt.length * share)
  const records: ReadingRecord[] = []
  for (const each of [undefined, ...policies]) {
    const record = await readOnce(model, prompt, { each, slots: each ? budget : prompt.length })
    say(`reading ${prompt.length} tokens, ${record.policy}: ${record.seconds.toFixed(1)} s`)
    records.push(record)
  }
  return records
}

async function readOnce(
  model: LocalModel,
  prompt: Uint32Array,
  { each, slots }: { each: SpeedPolicy | undefined; slots: number },
): Promise<ReadingRecord> {
  const policy: CachePolicy | undefined = each && speedPolicy(each, slots)
  const before = arrayBytes()
  await using session = model.session({ accuracy: 'fast', cache: cacheFormat, ...(policy && { policy }) })
  const start = performance.now()
  await session.prefill(prompt)
  const seconds = (performance.now() - start) / 1000
  const { kvHeads, headDim, layers } = model.config
  const bytes = {
    budget: slots * layers.length * kvHeads * headDim * 2 * Float32Array.BYTES_PER_ELEMENT,
    allocated: session.report().bytes.allocated,
    process: arrayBytes() - before,
  }
  return { policy: each?.name ?? 'full', scores: each?.scores ?? false, seconds, bytes }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes of all typed arrays of the process that are still reachable. */
function arrayBytes(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** Time over that of the full cache in the same round; bytes over those of the budget. */
export function readingRows(records: readonly ReadingRecord[], tokens: number): Row[] {
  const full = records.filter(({ policy }) => policy === 'full')
  const policies = [...new Set(records.map(({ policy }) => policy))].filter((policy) => policy !== 'full')
  return policies.flatMap((policy): Row[] => {
    const own = records.filter((each) => each.policy === policy)
    const { scores, bytes } = own.at(-1)!
    const over = own.map(({ seconds }, round) => 100 * (seconds / full[round]!.seconds - 1))
    return [
      {
        contestant: policy,
        what: `added to reading ${tokens} tokens, ${cacheFormat}`,
        unit: '%',
        value: summarise(over),
        detail: { kind: scores ? 'scored' : 'by position', 'full cache s': full.at(-1)!.seconds },
      },
      {
        contestant: policy,
        what: `allocated after reading, of the budget, ${cacheFormat}`,
        unit: '%',
        value: summarise(own.map((each) => (100 * each.bytes.allocated) / each.bytes.budget)),
        detail: { 'budget MB': bytes.budget / 1e6, 'process MB': bytes.process / 1e6 },
      },
    ]
  })
}
