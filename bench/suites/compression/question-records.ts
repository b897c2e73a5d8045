/** @file Natural Questions: the passage that answers, among 19 that answer other questions. */
import { makePassage } from '@lc/model'
import type { CompressionRecord } from './record.ts'
import { shuffled } from './shuffled.ts'

export interface Question {
  question: string
  answers: string[]
  ctxs: { title: string; text: string }[]
}

/** The others are taken from a part of the data that asks nothing. */
const firstOther = 1000

/** Records in an order of their own; the passage that answers has any of the 20 places. */
export function questionRecords(questions: readonly Question[], count: number): CompressionRecord[] {
  const all = shuffled(questions, 2)
  return all.slice(0, Math.min(count, firstOther)).map((asked, at) => {
    const says = (text: string): boolean =>
      asked.answers.some((answer) => text.toLowerCase().includes(answer.toLowerCase()))
    const others = shuffled(all.slice(firstOther), at)
      .map(({ ctxs }) => ctxs[0]!)
      .filter(({ title, text }) => !says(`${title}\n${text}`))
      .slice(0, 19)
    const passages = shuffled([asked.ctxs[0]!, ...others], at + 1).map(({ title, text }, index) =>
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
