/** @file Means over texts and questions, which are what is shown and kept. */
import type { ContinuationRecord } from './continuation.ts'
import type { PositionRecord } from './positions.ts'
import type { Protocol, RetrievalRecord } from './retrieval.ts'

/** Of one policy at one share of one length. */
export interface ContinuationMean {
  readonly length: number
  readonly share: number
  readonly policy: string
  readonly texts: number
  readonly divergence: number
  readonly agreement: number
  /** The least of any text. */
  readonly lowestAgreement: number
  readonly nll: number
  readonly slots: number
  readonly memory: number
  readonly time: number | null
  readonly seconds: number
  readonly extraTokens: number
}

/** Of one policy at one share of one length in one set under one protocol. */
export interface RetrievalMean {
  readonly length: number
  readonly share: number
  readonly policy: string
  readonly set: RetrievalRecord['set']
  readonly protocol: Protocol
  readonly questions: number
  readonly right: number
  readonly nll: number
}

/** Of one scheme at one length. */
export interface PositionMean {
  readonly scheme: string
  readonly times: number
  readonly questions: number
  readonly right: number
  readonly answerNll: number
  readonly nll: number
}

export function continuationMeans(records: readonly ContinuationRecord[]): ContinuationMean[] {
  return grouped(records, ({ length, share, policy }) => [length, share, policy]).map((group) => {
    const { length, share, policy } = group[0]!
    const fields = ['divergence', 'agreement', 'nll', 'slots', 'memory', 'seconds', 'extraTokens'] as const
    const means = Object.fromEntries(fields.map((field) => [field, mean(group.map((each) => each[field]))]))
    const lowestAgreement = Math.min(...group.map(({ agreement }) => agreement))
    const texts = group.length
    const times = group.map((each) => each.time)
    const time = times.includes(null) ? null : mean(times as number[])
    return {
      length,
      share,
      policy,
      texts,
      lowestAgreement,
      time,
      ...(means as Record<(typeof fields)[number], number>),
    }
  })
}

export function retrievalMeans(records: readonly RetrievalRecord[]): RetrievalMean[] {
  const key = (each: RetrievalRecord) => [each.length, each.share, each.policy, each.set, each.protocol]
  return grouped(records, key).map((group) => {
    const { length, share, policy, set, protocol } = group[0]!
    const right = group.filter((each) => each.right).length
    const nll = mean(group.map((each) => each.nll))
    return { length, share, policy, set, protocol, questions: group.length, right, nll }
  })
}

export function positionMeans(records: readonly PositionRecord[]): PositionMean[] {
  return grouped(records, ({ scheme, times }) => [scheme, times]).map((group) => {
    const { scheme, times } = group[0]!
    const sum = (value: (record: PositionRecord) => number) => group.reduce((total, each) => total + value(each), 0)
    return {
      scheme,
      times,
      questions: sum(({ questions }) => questions),
      right: sum(({ right }) => right),
      answerNll: mean(group.map(({ answerNll }) => answerNll)),
      nll: mean(group.map(({ nll }) => nll)),
    }
  })
}

function grouped<T>(records: readonly T[], keyOf: (record: T) => readonly (string | number)[]): T[][] {
  const groups = new Map<string, T[]>()
  for (const record of records) {
    const key = JSON.stringify(keyOf(record))
    const known = groups.get(key)
    if (known) known.push(record)
    else groups.set(key, [record])
  }
  return [...groups.values()]
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
