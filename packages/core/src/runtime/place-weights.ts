/** @file Decides per weight where its bytes lie: in the model, in an array handed over beside it, or in a file. */
import { checkArgument } from '@lc/model/check'
import { DeviceError } from '../errors/device-error.ts'
import { MemoryLimitError } from '../errors/memory-limit-error.ts'
import type { Graph } from '../graph/graph.ts'
import type { ExternalLocation } from '../onnx/external-data.ts'
import type { WeightData } from './device.ts'
import { identityOf } from './program-cache.ts'

/** A part of a file. */
export type FileWeight = Extract<WeightData, { kind: 'file' }>

/** Files made reachable for the runtime: paths relative to one folder. */
export interface PlacedFiles {
  readonly folder?: string
  readonly locations: ReadonlyMap<string, ExternalLocation>
}

/** Makes file weights reachable; given by the platform. */
export type PlaceFiles = (files: ReadonlyMap<string, FileWeight>) => Promise<PlacedFiles>

/** All weights of a graph, placed. */
export interface PlacedWeights {
  readonly content: ReadonlyMap<string, Uint8Array | ExternalLocation>
  readonly buffers: readonly { readonly path: string; readonly data: Uint8Array }[]
  readonly folder?: string
  readonly fileBytes: number
  readonly memoryBytes: number
}

// the runtime may want to see the values of very small tensors while it optimises
const inlineLimitBytes = 1024
// a model with everything in it must stay below the 2 GB of its format
const modelLimitBytes = 1.5 * 2 ** 30

/** Places the weights that the graph declares; others are ignored. */
export async function placeWeights(
  graph: Graph,
  weights: ReadonlyMap<string, WeightData>,
  placeFiles: PlaceFiles,
): Promise<PlacedWeights> {
  const content = new Map<string, Uint8Array | ExternalLocation>()
  const buffers: { path: string; data: Uint8Array }[] = []
  const files = new Map<string, FileWeight>()
  let memoryBytes = 0
  // the runtime looks for external weights either in files or in arrays: beside files, arrays go into the model
  const hasFiles = [...graph.weights.keys()].some((name) => weights.get(name)?.kind === 'file')
  for (const name of graph.weights.keys()) {
    const weight = weights.get(name)
    checkArgument(weight !== undefined, `weights.${name}`, weight, 'given, as the graph declares it')
    if (weight.kind === 'file') {
      files.set(name, weight)
      continue
    }
    const data = new Uint8Array(weight.data.buffer, weight.data.byteOffset, weight.data.byteLength)
    memoryBytes += data.byteLength
    if (hasFiles || data.byteLength <= inlineLimitBytes) {
      content.set(name, data)
      checkModelSize(memoryBytes)
      continue
    }
    // the location carries the identity of the array, and with it into the key of the program cache
    const path = `memory-${identityOf(weight.data)}`
    content.set(name, { location: path, offset: 0, length: data.byteLength })
    if (!buffers.some((buffer) => buffer.path === path)) buffers.push({ path, data })
  }
  const placed = files.size === 0 ? { locations: new Map<string, ExternalLocation>() } : await placeFiles(files)
  for (const [name, location] of placed.locations) content.set(name, location)
  const fileBytes = [...files.values()].reduce((sum, file) => sum + file.length, 0)
  return { content, buffers, fileBytes, memoryBytes, ...(placed.folder !== undefined && { folder: placed.folder }) }
}

function checkModelSize(requestedBytes: number): void {
  if (requestedBytes <= modelLimitBytes) return
  const what = 'a graph whose weights lie partly in files, with the rest in memory,'
  throw new MemoryLimitError({ requestedBytes, limitBytes: modelLimitBytes, what })
}

/** For platforms without files. */
export function noFiles(device: string): PlaceFiles {
  return async (files) => {
    throw new DeviceError({
      device,
      operation: 'map weights',
      problem: `${[...files.keys()][0]} is given as a part of a file, and there are no files here`,
      fallback: 'give its bytes instead',
    })
  }
}
