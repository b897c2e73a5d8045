import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ByteSource } from '../byte-source.ts'
import type { WeightSource } from '../weight-source.ts'
import { readSafetensorsHeader } from './read-safetensors-header.ts'
import { readShardIndex } from './read-shard-index.ts'
import { type SafetensorsPart, safetensorsWeights } from './safetensors-weights.ts'

/**
 * Opens one safetensors file. The weights own the source.
 *
 * @throws FileFormatError.
 */
export async function openSafetensors(source: ByteSource, signal?: AbortSignal): Promise<WeightSource> {
  return safetensorsWeights([{ source, header: await readSafetensorsHeader(source, signal) }])
}

/**
 * Opens the files that an index names; `openShard` gives a file by its name, or undefined where it is missing.
 *
 * @throws FileFormatError when a file is missing or does not hold what the index says.
 */
export async function openShardedSafetensors(
  index: { readonly file: string; readonly json: unknown },
  openShard: (name: string) => Promise<ByteSource | undefined>,
  signal?: AbortSignal,
): Promise<WeightSource> {
  const parts: SafetensorsPart[] = []
  try {
    for (const [shard, tensors] of readShardIndex(index.file, index.json)) {
      const source = await openShard(shard)
      if (!source) throw indexProblem(index.file, `the file ${shard} is missing`)
      parts.push({ source, header: await closeOnError(source, () => readSafetensorsHeader(source, signal)) })
      const missing = tensors.find((tensor) => !parts.at(-1)!.header.tensors.has(tensor))
      if (missing !== undefined)
        throw indexProblem(index.file, `the file ${shard} does not hold ${JSON.stringify(missing.slice(0, 200))}`)
    }
    return safetensorsWeights(parts)
  } catch (error) {
    for (const part of parts) await part.source.close()
    throw error
  }
}

async function closeOnError<T>(source: ByteSource, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    await source.close()
    throw error
  }
}

function indexProblem(file: string, problem: string): FileFormatError {
  return new FileFormatError({ file, format: 'safetensors index', problem })
}
