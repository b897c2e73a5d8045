import { compressWithoutModel, explainCompression } from '@lc/compress'
import { estimateTokenizer, makePassage } from '@lc/model'
import { expect, test } from 'vitest'
import { compressDocument } from '../result/compress-document.ts'
import { explanationDocument } from '../result/explanation-document.ts'
import { explanationText } from './explanation-text.ts'

const text =
  'function open(path) {\n  return load(path)\n}\n\nfunction retryDelay(attempt) {\n  return 250 * 2 ** attempt\n}\n'

test('an account names method and reason, kept and dropped units with scores and lines, and protected text', async () => {
  const passages = [makePassage(text, { uri: 'net.js' })]
  const budget = { tokens: 20, tokenizer: estimateTokenizer() }
  const forcedPhrases = ['250', 'load']
  const result = await compressWithoutModel(passages, { budget, query: 'retry delay', forcedPhrases: ['250'] })
  const account = explainCompression(result, passages, { forcedPhrases })
  const document = explanationDocument(account, { reason: 'no model is given', result })
  expect(document).toMatchObject({
    method: 'no-model/bm25',
    reason: 'no model is given',
    protected: [
      { kind: 'phrases', text: 'load', kept: false },
      { kind: 'phrases', text: '250', kept: true },
    ],
  })
  expect(document.keptUnits + document.droppedUnits).toBe(result.units.length)
  const shown = explanationText(compressDocument(result, 0.1), document, new Map([['net.js', text]]))
  expect(shown).toMatch(
    /^method: no-model\/bm25 \(no model is given\)\nkept, best first:\n {2}score +tokens +where +what\n/,
  )
  expect(shown).toMatch(/\d\.\d+ +\d+ +net\.js:5 +retryDelay\n/)
  expect(shown).toMatch(/dropped, best first:\n.*\n.*net\.js:1 +open\n/)
  expect(shown).toContain('protected: 1 of 2 kept\n  given up: load\n')
  expect(shown).toMatch(/time: parse \d/)
})
