/** @file The weights of an exported model in data files beside it, written one after the other. */

import { FileFormatError } from '../errors/file-format-error.ts'
import { bytesPerElement } from '../graph/dtype.ts'
import type { Graph } from '../graph/graph.ts'
import type { ExternalLocation } from '../onnx/external-data.ts'
import type { ExportFolder } from './export-folder.ts'

/** Reads one weight: its bytes as the graph declares it. */
export type ReadWeight = (name: string, signal?: AbortSignal) => Promise<ArrayBufferView>

/** A data file and what lies in it, in order. */
export interface DataFile {
  /** Name beside the model file. */
  readonly name: string
  readonly weights: readonly PlacedWeight[]
}

/** A stretch of a data file. */
export interface PlacedWeight {
  /** The weights that these bytes are. */
  readonly names: string[]
  readonly offset: number
  readonly length: number
}

const largestFile = 2_000_000_000
const alignment = 64

/** Options of `planDataFiles`. */
export interface PlanDataFilesOptions {
  /** Weights of one identity lie in one place. Defaults to the name. */
  readonly identity?: (name: string) => string
  /** Largest file in bytes. Defaults to 2e9: browsers read a data file into one array, which ends at 2^31. */
  readonly limit?: number
}

/** Distributes the weights of a graph over data files named as transformers.js looks for them. */
export function planDataFiles(graph: Graph, modelFile: string, options: PlanDataFilesOptions = {}): DataFile[] {
  const { identity = (name: string) => name, limit = largestFile } = options
  const files: { name: string; weights: PlacedWeight[] }[] = []
  const known = new Map<string, PlacedWeight>()
  let end = 0
  for (const [name, value] of graph.weights) {
    const shape = value.shape as readonly number[]
    const length = shape.reduce((product, size) => product * size, bytesPerElement(value.dtype))
    const twin = known.get(identity(name))
    if (twin) {
      twin.names.push(name)
      continue
    }
    if (files.length === 0 || (end > 0 && end + length > limit)) {
      files.push({ name: `${modelFile}_data${files.length === 0 ? '' : `_${files.length}`}`, weights: [] })
      end = 0
    }
    const placed = { names: [name], offset: end, length }
    known.set(identity(name), placed)
    files.at(-1)!.weights.push(placed)
    end = Math.ceil((end + length) / alignment) * alignment
  }
  return files
}

/** Where each weight lies, for the model file. */
export function externalLocations(files: readonly DataFile[]): Map<string, ExternalLocation> {
  const locations = new Map<string, ExternalLocation>()
  for (const file of files)
    for (const { names, offset, length } of file.weights)
      for (const name of names) locations.set(name, { location: file.name, offset, length })
  return locations
}

/** Writes the data files; one weight is in memory at a time. `done` is told the bytes so far. */
export async function writeDataFiles(
  files: readonly DataFile[],
  target: { readonly folder: ExportFolder; readonly path: string },
  read: ReadWeight,
  options: { readonly signal?: AbortSignal | undefined; readonly done: (bytes: number) => void },
): Promise<void> {
  let written = 0
  const advance = (bytes: number): void => {
    written += bytes
    options.done(written)
  }
  for (const file of files)
    await target.folder.write(
      `${target.path}/${file.name}`,
      contentOf(file, read, options.signal, advance),
      options.signal,
    )
}

async function* contentOf(
  file: DataFile,
  read: ReadWeight,
  signal: AbortSignal | undefined,
  advance: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  let end = 0
  for (const { names, offset, length } of file.weights) {
    signal?.throwIfAborted()
    if (offset > end) yield new Uint8Array(offset - end)
    const data = await read(names[0]!, signal)
    if (data.byteLength !== length)
      throw new FileFormatError({
        file: 'the checkpoint',
        format: 'weights',
        problem: `${names[0]} has ${data.byteLength} bytes where the configuration says ${length}`,
      })
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    end = offset + length
    advance(length)
  }
}
