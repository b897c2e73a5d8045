import type { Accuracy, CallOptions } from '@lc/model'
import type { DecoderRunner } from '../../cache/decoder-runner.ts'
import type { HostTensor } from '../../runtime/tensor.ts'

// logits of this many rows exist at once
const rowsAtOnce = 64

/** Log-probability of one target per row of hidden states `[rows, E]` (after the final norm). */
export async function targetLogprobs(
  runner: DecoderRunner,
  hidden: Float32Array,
  targets: ArrayLike<number>,
  options: CallOptions & { readonly accuracy: Accuracy },
): Promise<Float32Array> {
  const result = new Float32Array(targets.length)
  if (targets.length === 0) return result
  await forRowBlocks(runner, hidden, options, async (run, start, end) => {
    const data = BigInt64Array.from({ length: end - start }, (_, row) => BigInt(targets[start + row]!))
    const outputs = await run({ dtype: 'int64', shape: [end - start, 1], data }, 'logprobs')
    result.set(outputs, start)
  })
  return result
}

/** Logits `[rows, V]` of hidden states `[rows, E]`. */
export async function logitsOfRows(
  runner: DecoderRunner,
  hidden: Float32Array,
  options: CallOptions & { readonly accuracy: Accuracy },
): Promise<Float32Array> {
  const { hiddenSize, vocabularySize } = runner.config
  const result = new Float32Array((hidden.length / hiddenSize) * vocabularySize)
  await forRowBlocks(runner, hidden, options, async (run, start, end) => {
    const targets = { dtype: 'int64', shape: [end - start, 1], data: new BigInt64Array(end - start) } as const
    result.set(await run(targets, 'logits'), start * vocabularySize)
  })
  return result
}

type RunBlock = (targets: HostTensor, output: 'logits' | 'logprobs') => Promise<Float32Array>

async function forRowBlocks(
  runner: DecoderRunner,
  hidden: Float32Array,
  options: CallOptions & { readonly accuracy: Accuracy },
  visit: (run: RunBlock, start: number, end: number) => Promise<void>,
): Promise<void> {
  const { accuracy, signal } = options
  const head = await runner.programs.get({ kind: 'head', accuracy }, options)
  const width = runner.config.hiddenSize
  const rows = hidden.length / width
  for (let start = 0; start < rows; start += rowsAtOnce) {
    signal?.throwIfAborted()
    const end = Math.min(rows, start + rowsAtOnce)
    const block = hidden.subarray(start * width, end * width)
    const run: RunBlock = async (targets, output) => {
      const feeds = { hidden: { dtype: 'float32', shape: [end - start, width], data: block }, targets } as const
      const outputs = await head.run(feeds, [output], signal ? { signal } : {})
      return outputs[output]!.data as Float32Array
    }
    await visit(run, start, end)
  }
}
