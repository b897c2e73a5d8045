/** @file The weights of one or several safetensors files as a `WeightSource`. */
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ByteSource } from '../byte-source.ts'
import { elementBytes, toFloat32 } from '../convert-dtype.ts'
import { requireRows, WeightEntries } from '../weight-entries.ts'
import type { PackedWeight, WeightInfo, WeightLocation, WeightSource } from '../weight-source.ts'
import type { SafetensorsHeader, SafetensorsTensor } from './read-safetensors-header.ts'

/** A file and its header. */
export interface SafetensorsPart {
  readonly source: ByteSource
  readonly header: SafetensorsHeader
}

interface Entry {
  readonly source: ByteSource
  readonly tensor: SafetensorsTensor
}

/**
 * Weights of safetensors files. The old names of layer norms (`gamma`, `beta`) are given as `weight` and `bias`.
 *
 * @throws FileFormatError when two files hold the same tensor.
 */
export function safetensorsWeights(parts: readonly SafetensorsPart[]): WeightSource {
  const entries = new Map<string, Entry>()
  for (const { source, header } of parts)
    for (const tensor of header.tensors.values()) {
      const name = currentName(tensor.name)
      if (entries.has(name))
        throw new FileFormatError({
          file: source.name,
          format: 'safetensors',
          offset: tensor.offset,
          problem: `tensor ${JSON.stringify(name.slice(0, 200))} occurs twice`,
        })
      entries.set(name, { source, tensor })
    }
  return new SafetensorsWeightSource(parts, entries)
}

function currentName(name: string): string {
  return name.replace(/(LayerNorm)\.gamma$/, '$1.weight').replace(/(LayerNorm)\.beta$/, '$1.bias')
}

class SafetensorsWeightSource implements WeightSource {
  readonly names: readonly string[]
  readonly #entries: WeightEntries<Entry>

  constructor(parts: readonly SafetensorsPart[], entries: ReadonlyMap<string, Entry>) {
    this.#entries = new WeightEntries(parts, entries)
    this.names = this.#entries.names
  }

  info(name: string): WeightInfo | undefined {
    const entry = this.#entries.find(name)
    if (!entry) return undefined
    const { dtype, shape, byteLength } = entry.tensor
    return { dtype, shape, byteLength }
  }

  location(name: string): WeightLocation | undefined {
    const entry = this.#entries.find(name)
    if (entry?.tensor.dtype !== 'float32' || entry.source.path === undefined) return undefined
    return { path: entry.source.path, offset: entry.tensor.offset, length: entry.tensor.byteLength }
  }

  async float32(name: string, signal?: AbortSignal): Promise<Float32Array> {
    const { tensor } = this.#entries.get(name)
    return this.#read(name, 0, tensor.byteLength, signal)
  }

  async float32Rows(name: string, from: number, to: number, signal?: AbortSignal): Promise<Float32Array> {
    const { tensor } = this.#entries.get(name)
    const columns = tensor.shape.at(-1) ?? 1
    const rows = tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1)
    requireRows(from, to, rows)
    const rowBytes = columns * (elementBytes(tensor.dtype) ?? 0)
    return this.#read(name, from * rowBytes, (to - from) * rowBytes, signal)
  }

  packing(): undefined {
    return undefined
  }

  async packed(): Promise<PackedWeight | undefined> {
    return undefined
  }

  close(): Promise<void> {
    return this.#entries.close()
  }

  async #read(name: string, from: number, length: number, signal?: AbortSignal): Promise<Float32Array> {
    const { source, tensor } = this.#entries.get(name)
    if (elementBytes(tensor.dtype) === undefined)
      throw new FileFormatError({
        file: source.name,
        format: 'safetensors',
        offset: tensor.offset,
        problem: `tensor ${name} has the type ${tensor.dtype}, which lc does not convert`,
      })
    return toFloat32(tensor.dtype, await source.read(tensor.offset + from, length, signal))!
  }
}
