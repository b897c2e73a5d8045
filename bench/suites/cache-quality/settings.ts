/** @file How much is measured: enough for the pages, less with `--quick`, and what the environment says. */

import { comparedPolicies } from './contenders.ts'

/** The parts of the suite. */
export const partNames = ['continuation', 'retrieval', 'positions'] as const
export type PartName = (typeof partNames)[number]

/** Sizes of a run. */
export interface QualitySettings {
  readonly parts: readonly PartName[]
  /** Names of the policies that are compared. */
  readonly policies: readonly string[]
  /** Lengths of prompts and the shares that are kept of them. */
  readonly lengths: readonly { readonly tokens: number; readonly shares: readonly number[] }[]
  readonly texts: number
  readonly continuation: number
  readonly retrieval: {
    readonly lengths: readonly { readonly tokens: number; readonly shares: readonly number[] }[]
    /** Contexts of each set at each length. */
    readonly contexts: number
    readonly questions: number
    readonly awareQuestions: number
  }
  readonly positions: {
    /** Times the trained length. */
    readonly times: readonly number[]
    readonly texts: number
    /** Missing: what the model was made for. */
    readonly trained: number | undefined
  }
}

const all = [0.5, 0.25, 0.125]

/** Reads `LC_BENCH_PARTS`, `LC_BENCH_POLICIES`, `LC_BENCH_LENGTHS`, `LC_BENCH_CONTINUATION`, `LC_BENCH_TEXTS` and `LC_BENCH_TRAINED`. */
export function qualitySettings(quick: boolean, env: NodeJS.ProcessEnv): QualitySettings {
  const parts = namesOf('LC_BENCH_PARTS', env, partNames, ',')
  // commas are in names
  const policies = namesOf('LC_BENCH_POLICIES', env, Object.keys(comparedPolicies), ';')
  const given = env.LC_BENCH_LENGTHS?.split(',').map((tokens) => ({
    tokens: positive('LC_BENCH_LENGTHS', tokens),
    shares: all,
  }))
  const [short, middle, long] = [2048, 4096, 7680].map((tokens) => ({ tokens, shares: all }))
  const quarter = { tokens: 2048, shares: [0.25] }
  return {
    parts,
    policies,
    lengths: given ?? (quick ? [short!, { tokens: 4096, shares: [0.25] }] : [short!, middle!, long!]),
    texts: positive('LC_BENCH_TEXTS', env.LC_BENCH_TEXTS ?? (quick ? '2' : '6')),
    continuation: positive('LC_BENCH_CONTINUATION', env.LC_BENCH_CONTINUATION ?? '256'),
    retrieval: quick
      ? { lengths: given ?? [quarter], contexts: 2, questions: 4, awareQuestions: 1 }
      : {
          lengths: given ?? [short!, middle!, { tokens: 7680, shares: [0.25] }],
          contexts: 2,
          questions: 4,
          awareQuestions: 2,
        },
    positions: {
      times: quick ? [1, 2] : [1, 2, 4],
      texts: quick ? 1 : 2,
      trained: env.LC_BENCH_TRAINED === undefined ? undefined : positive('LC_BENCH_TRAINED', env.LC_BENCH_TRAINED),
    },
  }
}

function namesOf<Name extends string>(
  variable: string,
  env: NodeJS.ProcessEnv,
  known: readonly Name[],
  separator: string,
): readonly Name[] {
  const given = env[variable]?.split(separator)
  const unknown = given?.find((name) => !known.includes(name as Name))
  if (unknown !== undefined)
    throw new Error(`${variable} must name some of ${known.join(`${separator} `)}; got ${unknown}`)
  return (given as Name[] | undefined) ?? known
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new Error(`${name} must be made of positive integers; got ${text}`)
}
