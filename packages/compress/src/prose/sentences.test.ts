import { expect, test } from 'vitest'
import { sentenceStarts } from './sentences.ts'

test.each([
  ['One. Two! Three?', ['One. ', 'Two! ', 'Three?']],
  ['He met Dr. Smith at 3.5 p.m. on Monday. Then left.', ['He met Dr. Smith at 3.5 p.m. on Monday. ', 'Then left.']],
  ['She said "No." He left.', ['She said "No." ', 'He left.']],
  ['J. R. Smith wrote it.\n\nNew paragraph', ['J. R. Smith wrote it.\n\n', 'New paragraph']],
  ['界面很好。我喜欢！真的？', ['界面很好。', '我喜欢！', '真的？']],
  ['no end mark', ['no end mark']],
  ['see e.g. this one', ['see e.g. this one']],
  ['', []],
  ['...', ['...']],
])('%j', (text, sentences) => {
  const starts = sentenceStarts(text)
  expect(starts.map((start, index) => text.slice(start, starts[index + 1] ?? text.length))).toEqual(sentences)
})
