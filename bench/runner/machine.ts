import { execFileSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'

/** What a result was measured on. */
export interface Machine {
  processor: string
  cores: number
  memoryGiB: number
  platform: string
  node: string
  /** AVX-512 and VNNI decide how fast 8-bit products are. */
  instructions: string[]
}

export function describeMachine(flags: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    instructions: ['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_int8'].filter((name) =>
      new RegExp(`\\b${name}\\b`).test(flags),
    ),
  }
}

/** The commit of the checkout, with `+` when files differ from it. */
export function currentCommit(): string {
  const git = (...parameters: string[]) => execFileSync('git', parameters, { encoding: 'utf8' }).trim()
  return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? '+' : '')
}
