/** @file What the contestants of LLMLingua and LLMLingua-2 share, made once in `.cache/bench/lingua`. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { exportModel } from '@lc/core/export'
import { openModel } from '@lc/core/hub'
import { folderOnDisk, platform } from '@lc/core/node'

const root = join(import.meta.dirname, '..', '..', '..')
const require = createRequire(join(root, 'package.json'))

/** The folder; `classifier` tells whether the random classifier could be made, which needs Python. */
export async function linguaFolder(
  model: string,
  python: string | undefined,
  corpus: string,
): Promise<{ folder: string; classifier: boolean }> {
  const folder = join(root, '.cache', 'bench', 'lingua')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'cl100k_base.json'), JSON.stringify(require('js-tiktoken/ranks/cl100k_base')))
  if (!existsSync(join(folder, 'tokenizer.json'))) await writeTokenizer(model, folder)
  const classifier = join(folder, 'bert-base-multilingual-cased')
  if (!existsSync(join(classifier, 'tokenizer.json')) && python && existsSync(python)) {
    writeFileSync(join(folder, 'corpus.txt'), corpus)
    const script = join(root, 'bench', 'peers', 'random-classifier.py')
    execFileSync(python, [script, '--corpus', join(folder, 'corpus.txt'), '--out', classifier], { stdio: 'ignore' })
  }
  const made = existsSync(join(classifier, 'tokenizer.json'))
  if (made && !existsSync(join(folder, 'exported', 'tokenizer.json')))
    await exportTo(classifier, join(folder, 'exported'))
  return { folder, classifier: made }
}

/** The tokenizer of the GGUF file in the form that Python reads. */
async function writeTokenizer(model: string, folder: string): Promise<void> {
  const files = await openModel({ file: model }, { platform })
  try {
    await exportModel(files, folderOnDisk(join(folder, 'tokenizer')), { dtype: 'q4' })
  } finally {
    await files.close()
  }
  execFileSync('cp', [join(folder, 'tokenizer', 'tokenizer.json'), folder])
}

/** What `lc export FOLDER TARGET` writes. */
async function exportTo(folder: string, target: string): Promise<void> {
  const files = await openModel({ folder }, { platform })
  try {
    await exportModel(files, folderOnDisk(target), { dtype: 'float32', accuracy: 'exact' })
  } finally {
    await files.close()
  }
}
