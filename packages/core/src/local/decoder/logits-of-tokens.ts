import type { DecoderRunner, RunRequest } from '../../cache/decoder-runner.ts'
import { feedTokens } from '../../cache/feed-tokens.ts'
import { logitsOfRows } from './target-logprobs.ts'

/** The most tokens that run in the forms of steps: more are faster in those of prompts. */
const mostVerified = 32

/** Runs new tokens on a cache and gives the logits after each, `[T, V]`. */
export async function logitsOfTokens(runner: DecoderRunner, run: RunRequest): Promise<Float32Array> {
  if (run.ids.length <= mostVerified) return (await runner.runVerify(run)).logits!.data as Float32Array
  return logitsOfRows(runner, await feedTokens(runner, { ...run, hiddenFrom: 0 }), run)
}
