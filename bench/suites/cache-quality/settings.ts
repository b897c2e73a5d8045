/** @file How much is measured: enough for the pages, less with `--quick`, and what the environment says. */

import { comparedPolicies, quadraticPolicies } from './contenders.ts'

/** The parts of the suite. */
export const partNames = ['continuation', 'retrieval', 'positions'] as const
export type PartName = (typeof partNames)[number]

/** Sizes of a run. */
export interface QualitySettings {
  readonly quick: boolean
  readonly parts: readonly PartName[]
  /** Names of the policies that are compared. */
  readonly policies: readonly string[]
  /** Lengths of prompts and the shares that are kept of them. */
  readonly lengths: readonly { readonly tokens: number; readonly shares: readonly number[]; readonly texts: number }[]
  readonly continuation: number
  /** Single tokens that are timed after each cut: on a quiet machine. */
  readonly timedSteps: number
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

/** What is compared at a length: `--quick` leaves out what compares all keys with each other where there are many. */
export function policiesAt({ policies, quick }: QualitySettings, tokens: number): readonly string[] {
  return quick && tokens > short! ? policies.filter((name) => !quadraticPolicies.includes(name)) : policies
}

const [short, middle, long] = [2048, 4096, 7680]

/**
 * Reads `LC_BENCH_PARTS`, `LC_BENCH_POLICIES`, `LC_BENCH_LENGTHS`, `LC_BENCH_CONTINUATION`, `LC_BENCH_TEXTS`, `LC_BENCH_CONTEXTS`,
 * `LC_BENCH_TIMED_STEPS` (0: no times), `LC_BENCH_TIMES` and `LC_BENCH_TRAINED`.
 */
export function qualitySettings(quick: boolean, env: NodeJS.ProcessEnv): QualitySettings {
  const parts = namesOf('LC_BENCH_PARTS', env, partNames, ',')
  // commas are in names
  const policies = namesOf('LC_BENCH_POLICIES', env, Object.keys(comparedPolicies), ';')
  const numbers = (name: string) => env[name]?.split(',').map((text) => positive(name, text))
  const number = (name: string) => numbers(name)?.[0]
  const given = numbers('LC_BENCH_LENGTHS')?.map((tokens) => ({ tokens, shares: all }))
  const texts = number('LC_BENCH_TEXTS')
  const of = (tokens: number, count: number, shares = all) => ({ tokens, shares, texts: texts ?? count })
  const lengths = quick
    ? [of(short!, 2), of(middle!, 1), of(long!, 1, [0.25])]
    : [of(short!, 6), of(middle!, 6), of(long!, 6)]
  const asked = quick ? [of(short!, 1, [0.25])] : [of(short!, 1), of(middle!, 1), of(long!, 1, [0.25])]
  return {
    quick,
    parts,
    policies,
    lengths: given?.map(({ tokens }) => of(tokens, quick ? 2 : 6)) ?? lengths,
    continuation: number('LC_BENCH_CONTINUATION') ?? 256,
    timedSteps: env.LC_BENCH_TIMED_STEPS === '0' ? 0 : (number('LC_BENCH_TIMED_STEPS') ?? 4),
    retrieval: {
      lengths: given ?? asked,
      contexts: number('LC_BENCH_CONTEXTS') ?? 2,
      questions: 4,
      awareQuestions: quick ? 1 : 2,
    },
    positions: {
      times: numbers('LC_BENCH_TIMES') ?? (quick ? [1, 2] : [1, 2, 4]),
      texts: texts ?? (quick ? 1 : 2),
      trained: number('LC_BENCH_TRAINED'),
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
