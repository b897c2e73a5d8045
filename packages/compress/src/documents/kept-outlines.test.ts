import { estimateTokenizer, makePassage } from '@lc/model'
import { expect, test } from 'vitest'
import type { CodeParsers } from '../code/code-parsers.ts'
import { compressWithoutModel } from '../no-model/no-model.ts'
import { nodeCodeParsers } from '../node/node-parsers.ts'
import { memoryStore } from '../prepared/memory-store.ts'
import { readDocuments } from './code-document.ts'
import { decodeOutline, encodeOutline } from './kept-outlines.ts'

const code =
  'class Queue:\n    def put(self, item):\n        self.items.append(item)\n\n    def get(self):\n        return self.items.pop()\n\nlimit = 4\n'
const files = [makePassage(code, { uri: 'queue.py' }), makePassage('# Notes\n\nOne. Two.\n', { uri: 'notes.md' })]
const tokenizer = estimateTokenizer()

function counted(): CodeParsers & { parsed: number } {
  const parsers = nodeCodeParsers({ outlines: memoryStore() })
  return {
    ...parsers,
    parsed: 0,
    parse(language, text) {
      this.parsed++
      return parsers.parse(language, text)
    },
  }
}

test('a file that did not change is parsed once, and read the same', async () => {
  const parsers = counted()
  const options = { parsers, language: undefined, omission: 'short', tokenizer } as const
  const first = await readDocuments(files, options)
  const again = await readDocuments(files, options)
  expect(parsers.parsed).toBe(1)
  expect(again.map(({ outline, lineTokens }) => ({ outline, lineTokens }))).toEqual(
    first.map(({ outline, lineTokens }) => ({ outline, lineTokens })),
  )
  const changed = makePassage(`${code}\nmore = 5\n`, { uri: 'queue.py' })
  await readDocuments([changed], options)
  expect(parsers.parsed).toBe(2)
  const budget = { tokens: 30, tokenizer }
  const kept = await compressWithoutModel(files, { parsers, budget, query: 'get an item' })
  const plain = await compressWithoutModel(files, { parsers: nodeCodeParsers(), budget, query: 'get an item' })
  expect(kept.text).toBe(plain.text)
  expect(parsers.parsed).toBe(2)
})

test('bytes that do not fit the text are none', async () => {
  const [document] = await readDocuments([files[0]!], {
    parsers: undefined,
    language: undefined,
    omission: 'short',
    tokenizer,
  })
  const bytes = encodeOutline(document!)
  expect(decodeOutline(code, bytes)?.outline).toEqual(document!.outline)
  expect(decodeOutline(`${code} `, bytes)).toBeUndefined()
  expect(decodeOutline(code, bytes.subarray(0, 20))).toBeUndefined()
  expect(decodeOutline(code, new TextEncoder().encode('{"starts":[0]}'))).toBeUndefined()
})
