/** @file LLMLingua and LLMLingua-2 beside the released programs: one text, contestants in turn. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Contestant, Response } from '../../runner/contestant-process.ts'
import { interleave, type Measurement, type Task } from '../../runner/interleave.ts'
import { summarise } from '../../runner/statistics.ts'
import type { Row, SuiteTable } from '../../runner/suite.ts'
import { linguaFolder } from './lingua-folder.ts'

const folder = join(import.meta.dirname, '..', '..')
const official = 'official llmlingua, float32'
const port = '@atjsh/llmlingua-2, float32'
/** For the released programs, in an environment of their own. */
const python = process.env.LC_BENCH_LLMLINGUA_PYTHON ?? join(folder, 'peers', '.venv-llmlingua', 'bin', 'python')

function ours(name: string, lingua: string, env: Record<string, string>): Contestant {
  return {
    name,
    command: process.execPath,
    parameters: ['--import', 'tsx', '--conditions=@lc/source', join(folder, 'contestants', 'lc-compress.ts')],
    env: { LC_BENCH_LINGUA: lingua, ...env },
  }
}

function contestantsIn(lingua: string, classifier: boolean): Contestant[] {
  const peer = join(folder, 'peers', 'node_modules', '@atjsh', 'llmlingua-2')
  return [
    ours('lc fast', lingua, { LC_BENCH_ACCURACY: 'fast' }),
    ours('lc exact', lingua, { LC_BENCH_ACCURACY: 'exact' }),
    ours('lc official mode, exact', lingua, { LC_BENCH_ACCURACY: 'exact', LC_BENCH_OFFICIAL: '1' }),
    {
      name: official,
      command: python,
      parameters: [join(folder, 'contestants', 'official-llmlingua.py')],
      env: { LC_BENCH_LINGUA: lingua },
      missing: existsSync(python)
        ? undefined
        : 'run bench/peers/llmlingua-environment.sh or set LC_BENCH_LLMLINGUA_PYTHON',
    },
    {
      name: port,
      command: process.execPath,
      parameters: [join(folder, 'contestants', 'atjsh-llmlingua2.mjs')],
      env: { LC_BENCH_LINGUA: lingua },
      missing: !classifier
        ? 'the classifier is made by Python'
        : existsSync(peer)
          ? undefined
          : 'npm install --prefix bench/peers',
    },
  ]
}

export interface WordTexts {
  /** About 2,000 tokens of the model. */
  surprise: string
  /** 10,000 words. */
  classifier: string
}

/** Seconds of each contestant on each text, with ratios to the released programs. */
export async function wordMethodRows(
  rounds: number,
  model: string,
  texts: WordTexts,
  say: (line: string) => void,
): Promise<Pick<SuiteTable, 'rows' | 'absent'>> {
  const { folder: lingua, classifier } = await linguaFolder(model, python, texts.classifier)
  const tasks: Task[] = [
    {
      what: 'LLMLingua, 2,000 tokens to a half',
      request: { op: 'compress-text', method: 'llmlingua', text: texts.surprise, rate: 0.5 },
      only: ({ name }) => name !== port,
    },
  ]
  if (classifier)
    tasks.push({
      what: 'LLMLingua-2, 10,000 words to a half',
      request: { op: 'compress-text', method: 'llmlingua2', text: texts.classifier, rate: 0.5 },
    })
  const { measurements, absent, versions } = await interleave(
    contestantsIn(lingua, classifier),
    model,
    tasks,
    rounds,
    say,
  )
  return { rows: measurements.map((each) => rowOf(each, measurements, versions)), absent }
}

function rowOf(own: Measurement, all: readonly Measurement[], versions: Readonly<Record<string, string>>): Row {
  const value = secondsOf(own.responses)
  const references = all.filter(({ contestant, what }) => what === own.what && [official, port].includes(contestant))
  const reference = references.find(({ contestant }) => contestant === official)
  const text = own.responses.at(-1)!.text ?? ''
  const same =
    reference && reference !== own
      ? { 'words as official, %': 100 * sharedWords(text, reference.responses.at(-1)!.text ?? '') }
      : {}
  return {
    contestant: own.contestant,
    what: own.what,
    unit: 's',
    value,
    ratios: references
      .filter((other) => other !== own)
      .map((other) => ({ to: other.contestant, value: secondsOf(other.responses).median / value.median })),
    detail: { ...own.responses.at(-1)!.detail, ...same, version: versions[own.contestant] ?? '' },
  }
}

function secondsOf(responses: readonly Response[]) {
  return summarise(responses.map(({ ms }) => ms! / 1000))
}

/** F1 of two texts as multisets of words. */
function sharedWords(one: string, other: string): number {
  const counts = new Map<string, number>()
  const words = one.match(/\S+/g) ?? []
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  const others = other.match(/\S+/g) ?? []
  let shared = 0
  for (const word of others) {
    const left = counts.get(word) ?? 0
    if (left === 0) continue
    shared++
    counts.set(word, left - 1)
  }
  return words.length + others.length === 0 ? 1 : (2 * shared) / (words.length + others.length)
}
