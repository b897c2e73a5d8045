import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant } from './contestant-process.ts'
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

/** transformers.js on our own export of the model; `LC_BENCH_EXPORT` names the folder written by `lc export`. */
export function transformersJs(dtype: 'fp32' | 'q8' | 'q4'): Contestant {
  const exported = process.env.LC_BENCH_EXPORT
  return {
    name: `transformers.js ${dtype}`,
    command: process.execPath,
    parameters: [join(folder, 'contestants', 'transformers-js.mjs')],
    env: { LC_BENCH_DTYPE: dtype, ...(exported ? { LC_BENCH_EXPORT: exported } : {}) },
    missing: exported ? undefined : 'LC_BENCH_EXPORT names no folder written by lc export',
  }
}
