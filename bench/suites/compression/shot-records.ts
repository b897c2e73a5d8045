/** @file GSM8K: eight worked problems before a new one. */
import { makePassage } from '@lc/model'
import type { CompressionRecord } from './record.ts'
import { shuffled } from './shuffled.ts'

export interface Problem {
  question: string
  answer: string
}

/** Records of problems in an order of their own; the worked ones are the same for all. */
export function shotRecords(shots: string, problems: readonly Problem[], count: number): CompressionRecord[] {
  const passages = shots
    .split(/\n\s*\n/)
    .filter((shot) => shot.trim() !== '')
    .map((shot, index) => makePassage(shot, { uri: `shot-${index}.txt` }))
  return shuffled(problems, 5)
    .slice(0, count)
    .map(({ question, answer }) => ({
      passages,
      query: question,
      ask: `\n\nQuestion: ${question}\nLet's think step by step\n`,
      gold: workedOut(answer),
      measure: () => ({}),
    }))
}

/** The answer in the words of the worked problems: without its marks for a calculator, and with their last sentence. */
function workedOut(answer: string): string {
  return answer.replace(/<<[^>]*>>/g, '').replace('####', 'The answer is')
}
