import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openModel } from '@lc/core/hub'
import { platform } from '@lc/core/node'
import type { BenchOptions } from './suite.ts'

/** The model file of the bench: `--model`, or the alias, fetched once. */
export async function benchModel(options: BenchOptions): Promise<string> {
  if (options.model) return options.model
  const files = await openModel('smollm2-135m', { platform: platform })
  const { path } = files
  await files.close()
  return path!
}

/** The first `count` tokens of lc's own sources, in a fixed order: real code that every checkout has. */
export async function tokenIds(model: string, count: number): Promise<number[]> {
  const files = await openModel({ file: model }, { platform: platform })
  const { ids } = files.tokenizer.encode(ownSources())
  await files.close()
  return Array.from(ids.subarray(0, count))
}

function ownSources(): string {
  const folder = join(import.meta.dirname, '..', '..', 'packages', 'model', 'src')
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  )
  return names
    .sort()
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
}
