/** @file The conformance suite of tokenizers on each kind of ours. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { JsonValue } from '@lc/model'
import { tokenizerSuite } from '@lc/model/testing'
import { describe, expect, test } from 'vitest'
import { fixturePath } from '../../fixtures/read-fixture.ts'
import { buildTokenizer } from './build-tokenizer.ts'
import { tokenizerFromJson } from './from-tokenizer-json.ts'

const recorded = JSON.parse(
  gunzipSync(readFileSync(fixturePath('tokenizers', 'encodings.json.gz'))).toString('utf8'),
) as { tokenizers: Record<string, { definition: JsonValue }> }

// normal forms and unknown characters lose text, white space between words has no token
const forms: Record<string, { decoding: 'exact' | 'lossy'; coverage: 'all' | 'visible' | 'some' }> = {
  qwen2: { decoding: 'lossy', coverage: 'all' },
  roberta: { decoding: 'lossy', coverage: 'all' },
  bertUncased: { decoding: 'lossy', coverage: 'visible' },
  bertCased: { decoding: 'lossy', coverage: 'visible' },
  unigramNfkc: { decoding: 'lossy', coverage: 'some' },
  unigramPlain: { decoding: 'lossy', coverage: 'some' },
}

const withoutFrame = ['gpt2', 'smollm', 'llama3', 'qwen2', 'gpt4o']

for (const [name, { definition }] of Object.entries(recorded.tokenizers))
  tokenizerSuite({
    describe,
    test,
    expect,
    name,
    create: () => buildTokenizer(tokenizerFromJson({ file: name, json: definition })),
    // the suite counts tokens, so only where the model adds none of its own, or few
    specialTokens: name.startsWith('bert') ? ['[MASK]', '[CLS]'] : withoutFrame.includes(name) ? ['<s>', '</s>'] : [],
    ...(forms[name] ?? { decoding: 'exact', coverage: 'all' }),
  })
