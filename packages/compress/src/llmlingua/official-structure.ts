/** @file Tags that say how much of a part of a context to keep, as the released program reads them. */
import { checkArgument } from '@lc/model/check'

/** A part of a context. */
export interface StructuredPart {
  text: string
  rate: number
  compress: boolean
}

/** Characters of a context at one rate. */
export interface RateRun {
  length: number
  rate: number
  compress: boolean
}

const attribute = String.raw`(?:\s*,\s*(rate|compress)\s*=\s*([\d.]+|True|False))?`
const tag = new RegExp(String.raw`<llmlingua${attribute.repeat(4)}\s*>([^<]+)</llmlingua>`, 'g')

/** The parts of a context; text outside of tags is lost, as it is there. */
export function readParts(context: string, globalRate: number): StructuredPart[] {
  let text = context
  if (!text.startsWith('<llmlingua')) text = `<llmlingua>${text}`
  if (!text.endsWith('</llmlingua>')) text = `${text}</llmlingua>`
  return Array.from(text.matchAll(tag), (match) => readPart(match, globalRate))
}

function readPart(match: RegExpMatchArray, globalRate: number): StructuredPart {
  let rate: number | undefined
  let compress = true
  for (let at = 1; at < 9; at += 2) {
    if (match[at] === 'rate') rate ??= Number(match[at + 1])
    if (match[at] === 'compress') compress = match[at + 1] === 'True'
  }
  const given = rate || (compress ? globalRate : 1)
  checkArgument(given <= 1, 'contexts.rate', given, 'at most 1')
  return { text: match[9]!, rate: given, compress }
}

/** Neighbouring runs of the same rate as one. */
export function joinRuns(runs: readonly RateRun[]): RateRun[] {
  const joined: RateRun[] = []
  for (const run of runs) {
    const last = joined.at(-1)
    if (last && last.rate === run.rate && last.compress === run.compress) last.length += run.length
    else joined.push({ ...run })
  }
  return joined
}

/** The runs of each sentence of a context, cut from the runs of the context. */
export function runsOfSentences(sentences: readonly string[], parts: readonly StructuredPart[]): RateRun[][] {
  let part = 0
  let seen = 0
  return sentences.map((sentence) => {
    const runs: RateRun[] = []
    let rest = sentence.length
    while (rest > 0 && part < parts.length) {
      const { text, rate, compress } = parts[part]!
      const length = Math.min(rest, text.length - seen)
      runs.push({ length, rate, compress })
      rest -= length
      seen += length
      if (seen === text.length) {
        part++
        seen = 0
      }
    }
    return runs
  })
}
