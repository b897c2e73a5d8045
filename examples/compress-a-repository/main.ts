/**
 * Compresses the source files of a folder to a token budget for a question, on a local model, and writes a heat-map.
 *
 *   npx tsx --conditions=@lc/source main.ts [FOLDER] [QUESTION] [BUDGET]
 *
 * Prints how much of which function was kept, and writes kept.html beside this file.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compressCode } from '@lc/compress/longcodezip'
import { nodeCodeParsers } from '@lc/compress/node'
import { heatMap } from '@lc/compress/visual'
import { loadModel } from '@lc/core'
import { makePassage } from '@lc/model'
import { atomicWrite } from '@lc/model/node'

const [
  folder = join(import.meta.dirname, '../../packages/model/src/http'),
  query = 'How long is the pause before a failed call is tried again?',
  budget = '400',
] = process.argv.slice(2)

const names = (await readdir(folder, { recursive: true })).filter((name) =>
  /(?<!\.test)\.(ts|py|go|rs|java)$/.test(name),
)
const passages = await Promise.all(
  names.sort().map(async (uri) => makePassage(await readFile(join(folder, uri), 'utf8'), { uri })),
)

const model = await loadModel('smollm2-135m')
const result = await compressCode(passages, {
  scorer: model,
  query,
  budget: Number(budget),
  parsers: nodeCodeParsers(),
})
await model.close()

console.log(`${result.originalTokens} tokens in ${names.length} files -> ${result.tokens} (budget ${result.budget})`)
for (const { source, name, state, keptTokens, tokens } of result.units) {
  if (state !== 'dropped' && name) console.log(`  ${source}  ${name}: ${state}, ${keptTokens} of ${tokens} tokens`)
}
await atomicWrite(join(import.meta.dirname, 'kept.html'), heatMap(result, { query }))
