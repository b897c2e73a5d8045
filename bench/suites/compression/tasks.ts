/** @file The tasks of the suite: their data and how many records each has. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { calleeRecords } from './callee-records.ts'
import { methodRecords } from './method-records.ts'
import type { TaskKind } from './methods.ts'
import { pairRecords } from './pair-records.ts'
import { questionRecords } from './question-records.ts'
import type { CompressionRecord } from './record.ts'
import { shotRecords } from './shot-records.ts'

export interface CompressionTask extends TaskKind {
  name: string
  /** Original tokens over the budget. */
  ratios: readonly number[]
  records: CompressionRecord[]
}

const files = {
  functions: 'code-deps/yabloco-bench-v0.7.json.gz',
  comments: 'code-deps/yabloco-bench-v0.7.csv',
  questions: 'multidoc-qa/nq-open-oracle.jsonl.gz',
  pairs: 'multidoc-qa/kv-retrieval-75_keys.jsonl.gz',
  classes: 'code-completion/ClassEval_data.json.gz',
  shots: 'math/gsm8k-cot-prompt_hardest.txt',
  problems: 'math/gsm8k-test.jsonl',
} as const

/** Records of callees cost least, and each tells of few callees. */
const calleesPerRecord = 2

/** Files of the data folder that are not there. */
export function missingFiles(data: string): string[] {
  return Object.values(files).filter((name) => !existsSync(join(data, 'compress', name)))
}

/**
 * All tasks, with so many records each, of callees twice as many; `quick`: one budget. A record depends on its number
 * alone, so that more records are the same ones and others.
 */
export function readTasks(data: string, count: number, quick = false): CompressionTask[] {
  const text = (name: keyof typeof files): string => {
    const bytes = readFileSync(join(data, 'compress', files[name]))
    return (files[name].endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  }
  const lines = <Line>(name: keyof typeof files): Line[] =>
    text(name)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line)
  const ratios = quick ? [4] : [2, 4, 8]
  const functions = JSON.parse(text('functions'))
  return [
    {
      name: 'callees',
      code: true,
      released: false,
      ratios,
      records: calleeRecords(functions, text('comments'), calleesPerRecord * count),
    },
    { name: 'questions', code: false, released: true, ratios, records: questionRecords(lines('questions'), count) },
    { name: 'pairs', code: false, released: false, ratios, records: pairRecords(lines('pairs'), count) },
    {
      name: 'methods',
      code: true,
      released: false,
      ratios,
      records: methodRecords(JSON.parse(text('classes')), count),
    },
    {
      name: 'shots',
      code: false,
      released: true,
      ratios: [5],
      records: shotRecords(text('shots'), lines('problems'), count),
    },
  ]
}
