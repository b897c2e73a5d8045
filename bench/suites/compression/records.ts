/** @file The tasks of the suite: what is compressed, for what, and what shows how much was lost. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { CompressionResult } from '@lc/compress'
import { makePassage, type Passage } from '@lc/model'

/** What is scored under the model after the compressed context: the surprise of `gold` after `ask`. */
export interface CompressionRecord {
  passages: Passage[]
  query: string
  ask?: string
  gold?: string
  /** Figures that need no model, each from 0 to 1. */
  measure: (result: CompressionResult) => Record<string, number>
}

export interface CompressionTask {
  name: string
  /** Whether the passages are code. */
  code: boolean
  /** Original tokens over the budget. */
  ratios: readonly number[]
  records: CompressionRecord[]
}

const files = {
  yabloco: 'code-deps/yabloco-bench-v0.7.json.gz',
  questions: 'multidoc-qa/nq-open-oracle.jsonl.gz',
  pairs: 'multidoc-qa/kv-retrieval-75_keys.jsonl.gz',
  classes: 'code-completion/ClassEval_data.json.gz',
  shots: 'math/gsm8k-cot-prompt_hardest.txt',
  problems: 'math/gsm8k-test.jsonl',
} as const

/** Files of the data folder that are not there. */
export function missingFiles(data: string): string[] {
  return Object.values(files).filter((name) => !existsSync(join(data, 'compress', name)))
}

/** All tasks, with so many records each; `quick`: one budget. */
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
  return [
    { name: 'callees', code: true, ratios, records: calleeRecords(JSON.parse(text('yabloco')), count) },
    { name: 'questions', code: false, ratios, records: questionRecords(lines('questions'), count) },
    { name: 'pairs', code: false, ratios, records: pairRecords(lines('pairs'), count) },
    { name: 'methods', code: true, ratios, records: methodRecords(JSON.parse(text('classes')), count) },
    { name: 'shots', code: false, ratios: [5], records: shotRecords(text('shots'), lines('problems'), count) },
  ]
}

type Callers = Record<string, { code: string; calls: { id: string; name: string; code: string }[] }>

/** The functions that a function calls, among those that others call. */
function calleeRecords(callers: Callers, count: number): CompressionRecord[] {
  const all = Object.values(callers).filter(({ calls }) => calls.length >= 2 && calls.length <= 6)
  return all.slice(0, count).map((caller, at) => {
    const gold = new Set(caller.calls.map(({ id }) => String(id)))
    const others = all
      .filter((other) => other !== caller)
      .slice(at, at + 12)
      .flatMap(({ calls }) => calls)
    const unique = new Map([...others.slice(0, 12), ...caller.calls].map((callee) => [String(callee.id), callee]))
    // in an order that has nothing to do with who calls whom
    const mixed = [...unique].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      passages: mixed.map(([id, { code }]) => makePassage(code.slice(0, 2000), { uri: `${id}.cpp`, id })),
      query: caller.code.slice(0, caller.code.indexOf('{') + 400),
      measure: ({ passages }) => {
        const kept = passages.filter(
          ({ id, spans }) =>
            gold.has(id) &&
            2 * spans.reduce((sum, { output }) => sum + output.end - output.start, 0) >=
              unique.get(id)!.code.slice(0, 2000).length,
        )
        return { 'callee recall': kept.length / gold.size }
      },
    }
  })
}

interface Question {
  question: string
  answers: string[]
  ctxs: { title: string; text: string }[]
}

/** The passage that answers, in the middle of 19 that answer other questions. */
function questionRecords(questions: Question[], count: number): CompressionRecord[] {
  return questions.slice(0, count).map((asked, at) => {
    const says = (text: string): boolean =>
      asked.answers.some((answer) => text.toLowerCase().includes(answer.toLowerCase()))
    const own = asked.ctxs[0]!
    const others = questions
      .slice(count + 40 * at)
      .map(({ ctxs }) => ctxs[0]!)
      .filter(({ text }) => !says(text))
      .slice(0, 19)
    const passages = [...others.slice(0, 9), own, ...others.slice(9)].map(({ title, text }, index) =>
      makePassage(`${title}\n${text}`, { uri: `page-${index}.txt` }),
    )
    return {
      passages,
      query: asked.question,
      ask: `\n\nQuestion: ${asked.question}?\nAnswer:`,
      gold: ` ${asked.answers[0]}`,
      measure: ({ text }) => ({ 'answer survives': Number(says(text)) }),
    }
  })
}

interface Pairs {
  ordered_kv_records: [string, string][]
  key: string
  value: string
}

const pairsOfRecord = 40

/** Pairs of ids, the one asked for among them; an id in the output is one of the input or a fault. */
function pairRecords(records: Pairs[], count: number): CompressionRecord[] {
  return records.slice(0, count).map(({ ordered_kv_records: all, key, value }) => {
    const asked = all.findIndex(([own]) => own === key)
    const first = Math.max(0, Math.min(all.length - pairsOfRecord, asked - (asked % pairsOfRecord)))
    const pairs = all.slice(first, first + pairsOfRecord)
    const ids = new Set(pairs.flat())
    return {
      passages: [
        makePassage(pairs.map((pair) => `${pair[0]} has the value ${pair[1]}.`).join('\n'), { uri: 'pairs.txt' }),
      ],
      query: `What is the value of ${key}?`,
      measure: ({ text }) => {
        const found = text.match(/[0-9a-f]*[0-9][0-9a-f]*(?:-[0-9a-f]+)*|[0-9a-f]+(?:-[0-9a-f]+)+/g) ?? []
        const whole = found.filter((id) => ids.has(id)).length
        return {
          'ids whole': found.length === 0 ? 1 : whole / found.length,
          'value survives': Number(text.includes(value)),
        }
      },
    }
  })
}

interface EvaluatedClass {
  class_name: string
  import_statement: string[]
  class_constructor: string
  solution_code: string
  methods_info: { method_name: string; method_description: string; solution_code: string }[]
}

/** A method whose class is there without it, among seven other classes. */
function methodRecords(classes: EvaluatedClass[], count: number): CompressionRecord[] {
  return classes.slice(0, count).map((target, at) => {
    const method = target.methods_info.at(-1)!
    const others = classes.slice(count + 7 * at, count + 7 * at + 7).map(({ solution_code }) => solution_code)
    const rest = [
      target.class_constructor,
      ...target.methods_info.slice(0, -1).map(({ solution_code }) => `    ${solution_code}`),
    ].join('\n\n')
    const passages = [...others.slice(0, 3), rest, ...others.slice(3)].map((code, index) =>
      makePassage(code, { uri: `class_${index}.py` }),
    )
    return {
      passages,
      query: `class ${target.class_name}:\n    ${method.method_description}`,
      ask: `\n\n# a method of ${target.class_name}\n    ${method.method_description}\n`,
      gold: method.solution_code,
      measure: () => ({}),
    }
  })
}

/** Eight worked problems before a new one. */
function shotRecords(
  shots: string,
  problems: { question: string; answer: string }[],
  count: number,
): CompressionRecord[] {
  const passages = shots
    .split(/\n\s*\n/)
    .filter((shot) => shot.trim() !== '')
    .map((shot, index) => makePassage(shot, { uri: `shot-${index}.txt` }))
  return problems.slice(0, count).map(({ question, answer }) => ({
    passages,
    query: question,
    ask: `\n\nQuestion: ${question}\nLet's think step by step\n`,
    gold: answer,
    measure: () => ({}),
  }))
}
