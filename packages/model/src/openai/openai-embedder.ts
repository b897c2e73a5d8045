/** @file `/embeddings` as an `Embedder`. */
import type { Embedder, EmbedOptions } from '../capability/embedder.ts'
import { checkArgument, checkInteger } from '../check/check-argument.ts'
import { ApiCallError } from '../errors/api-call-error.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { CallLimits, Connection } from './connection.ts'
import { mapInFlight } from './in-flight.ts'
import { isRecord } from './server-dialect.ts'

/** How a server embeds. */
export interface OpenaiEmbedderOptions extends CallLimits {
  /** Components of a vector. Given, it is also asked of the server where that can shorten vectors. */
  dimensions?: number
  /** Put before each text, by its kind, for models that were trained with prefixes. Default to none. */
  prefixes?: { query?: string; document?: string }
  /** Texts a call. Defaults to 64. */
  batchSize?: number
}

/** Builds the embedder; asks the server once for the number of dimensions, unless it is given. */
export async function createEmbedder(connection: Connection, options: OpenaiEmbedderOptions): Promise<Embedder> {
  const batchSize = checkInteger(options.batchSize ?? 64, 'batchSize', { min: 1, max: 2048 })
  const asked =
    options.dimensions === undefined ? undefined : checkInteger(options.dimensions, 'dimensions', { min: 1 })
  const embedBatch = async (texts: readonly string[], limits: CallLimits) => {
    const body = {
      model: connection.model,
      input: texts,
      encoding_format: 'float',
      ...(asked ? { dimensions: asked } : {}),
    }
    return readVectors(await connection.post('/embeddings', body, limits), texts.length)
  }
  const probe = asked === undefined ? await embedBatch(['dimensions'], options) : undefined
  const dimensions = asked ?? probe?.[0]?.length ?? 0

  return {
    id: connection.model,
    dimensions,
    embed: async (texts, embedOptions: EmbedOptions = {}) => {
      if (embedOptions.output === 'tokens')
        throw new UnsupportedCapabilityError({ model: connection.model, capability: 'embed single tokens' })
      const prefix = options.prefixes?.[embedOptions.kind ?? 'document'] ?? ''
      const batches = inBatches(
        texts.map((text) => prefix + text),
        batchSize,
      )
      let done = 0
      const vectors = await mapInFlight(batches, connection.concurrency, async (batch) => {
        const part = await embedBatch(batch, { signal: embedOptions.signal, timeoutMs: options.timeoutMs })
        for (const vector of part)
          checkArgument(
            vector.length === dimensions,
            'dimensions',
            dimensions,
            `${vector.length}, as the server answers`,
          )
        done += batch.length
        embedOptions.onProgress?.({ type: 'progress', operation: 'embed', done, total: texts.length, unit: 'passages' })
        return part
      })
      return vectors.flat()
    },
  }
}

function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, batch) =>
    items.slice(batch * size, (batch + 1) * size),
  )
}

/** Vectors as numbers or as base64 of little-endian float32, put in the order of their indices. */
export function readVectors(body: Record<string, unknown>, count: number): Float32Array[] {
  const data = Array.isArray(body.data) ? body.data.filter(isRecord) : []
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined)
  for (const [position, entry] of data.entries()) {
    const index = typeof entry.index === 'number' ? entry.index : position
    if (Number.isInteger(index) && index >= 0 && index < count) vectors[index] = readVector(entry.embedding)
  }
  return vectors.map((vector, index) => {
    if (vector) return vector
    throw new ApiCallError({ endpoint: '/embeddings', retryable: false, problem: `the answer lacks vector ${index}` })
  })
}

function readVector(value: unknown): Float32Array | undefined {
  if (Array.isArray(value))
    return value.every((component) => typeof component === 'number') ? Float32Array.from(value as number[]) : undefined
  if (typeof value !== 'string' || value.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(value)) return undefined
  const bytes = Uint8Array.from(atob(value), (character) => character.charCodeAt(0))
  if (bytes.length % 4 !== 0) return undefined
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true))
}
