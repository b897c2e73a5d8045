/**
 * A page that loads a model from a file or an address and compresses pasted text with it, all in the browser.
 *
 *   npm start -w @lc-examples/browser-page     then open the address that Vite prints
 */
import { compressCode, createCodeParsers } from '@lc/compress/longcodezip'
import { type LocalModel, loadModel } from '@lc/core'
import { makePassage, type ProgressEvent } from '@lc/model'
import python from '@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm?url'
import typescript from '@vscode/tree-sitter-wasm/wasm/tree-sitter-typescript.wasm?url'
import parser from 'web-tree-sitter/web-tree-sitter.wasm?url'

const input = (id: string) => document.querySelector<HTMLInputElement>(`#${id}`)!
const show = (id: string, text: string) => {
  document.querySelector(`#${id}`)!.textContent = text
}
const parsers = createCodeParsers({ runtime: parser, grammars: { python, typescript } })
let loaded: { source: string | File; model: LocalModel } | undefined

function onProgress({ operation, done, total }: ProgressEvent): void {
  show('status', `${operation} ${total ? `${Math.floor((100 * done) / total)} %` : done}`)
}

/** The chosen model; it stays loaded until another one is chosen. */
async function chosenModel(): Promise<LocalModel> {
  const source = input('file').files?.[0] ?? input('address').value
  if (loaded?.source === source) return loaded.model
  await loaded?.model.close()
  loaded = undefined
  const model = await loadModel({ file: source }, { onProgress })
  loaded = { source, model }
  return model
}

async function compress(): Promise<void> {
  show('status', 'working')
  const model = await chosenModel()
  const passage = makePassage(input('text').value, { uri: input('name').value || 'pasted.txt' })
  const options = {
    scorer: model,
    query: input('query').value,
    budget: Number(input('budget').value),
    parsers,
    onProgress,
  }
  const { text, tokens, originalTokens, seconds } = await compressCode([passage], options)
  show('kept', text)
  show('status', `kept ${tokens} of ${originalTokens} tokens in ${seconds.toFixed(1)} s`)
}

document.querySelector('form')!.addEventListener('submit', (event) => {
  event.preventDefault()
  compress().catch((error: unknown) => show('status', `failed: ${error instanceof Error ? error.message : error}`))
})
