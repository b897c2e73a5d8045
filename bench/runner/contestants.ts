import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant } from './contestant-process.ts'
import { type ExportedWeights, exportedModel } from './exported-model.ts'
import type { BenchOptions } from './suite.ts'

const folder = join(import.meta.dirname, '..')

/** lc in a process of its own, from sources. */
export function lcContestant(name: string, env: Record<string, string>): Contestant {
  return {
    name,
    command: process.execPath,
    parameters: ['--import', 'tsx', '--conditions=@lc/source', join(folder, 'contestants', 'lc.ts')],
    env,
  }
}

export function nodeLlamaCpp(env: Record<string, string> = {}): Contestant {
  const installed = existsSync(join(folder, 'peers', 'node_modules', 'node-llama-cpp'))
  return {
    name: env.LC_BENCH_CONFIDENCE ? 'node-llama-cpp, confidences only' : 'node-llama-cpp',
    command: process.execPath,
    parameters: [join(folder, 'contestants', 'node-llama-cpp.mjs')],
    env,
    missing: installed ? undefined : 'npm install --prefix bench/peers',
  }
}

export function pyTorch(options: BenchOptions): Contestant {
  const python = options.python ?? ''
  return {
    name: 'PyTorch float32',
    command: python,
    parameters: [join(folder, 'contestants', 'pytorch.py')],
    missing: existsSync(python) ? undefined : `no ${python}: run bench/peers/environment.sh or give --python`,
  }
}

/** transformers.js on our own export of the model, which is made once. */
export async function transformersJs(weights: ExportedWeights, model: string): Promise<Contestant> {
  const installed = existsSync(join(folder, 'peers', 'node_modules', '@huggingface', 'transformers'))
  return {
    name: `transformers.js ${weights}`,
    command: process.execPath,
    parameters: [join(folder, 'contestants', 'transformers-js.mjs')],
    env: { LC_BENCH_DTYPE: weights, LC_BENCH_EXPORT: installed ? await exportedModel(model, weights) : '' },
    missing: installed ? undefined : 'npm install --prefix bench/peers',
  }
}
