/** @file The program that `pack-and-run.ts` runs in Node and in a page: compresses two functions, then generates one token. */
import { compressCode } from '@lc/compress/longcodezip'
import { loadModel } from '@lc/core'
import { makePassage } from '@lc/model'

const code = `def retry_delay(attempt):
    """Milliseconds before the next attempt."""
    return min(8000, 500 * 2 ** attempt)

def greeting(name):
    """A friendly line."""
    return "Hello, " + name + ", how are you today?"
`

async function main(source: string): Promise<string> {
  const model = await loadModel(source)
  try {
    const passages = [makePassage(code, { uri: 'program.py' })]
    const query = 'How long is the delay between attempts?'
    const { tokens, originalTokens } = await compressCode(passages, { scorer: model, query, budget: 50 })
    const { text } = await model.generate({ prompt: '1 + 1 = 2, 2 + 2 =', maxTokens: 2, temperature: 0 })
    return `kept ${tokens} of ${originalTokens} tokens; answer ${text.trim()}`
  } finally {
    await model.close()
  }
}

const page = (globalThis as { document?: { title: string }; location?: { href: string } }) ?? {}
if (page.document && page.location) {
  const source = new URL(page.location.href).searchParams.get('model') ?? 'model.gguf'
  const { document } = page
  main(source).then(
    (line) => {
      document.title = line
    },
    (error: unknown) => {
      document.title = `failed: ${String(error)}`
    },
  )
} else console.log(await main('smollm2-135m'))
