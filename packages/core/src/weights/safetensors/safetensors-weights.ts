/** @file The weights of one or several safetensors files as a `WeightSource`. */
import { InvalidArgumentError } from '@lc/model/errors'
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ByteSource } from '../byte-source.ts'
import { elementBytes, toFloat32 } from '../convert-dtype.ts'
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
  readonly #parts: readonly SafetensorsPart[]
  readonly #entries: ReadonlyMap<string, Entry>

  constructor(parts: readonly SafetensorsPart[], entries: ReadonlyMap<string, Entry>) {
    this.#parts = parts
    this.#entries = entries
    this.names = [...entries.keys()]
  }

  info(name: string): WeightInfo | undefined {
    const entry = this.#entries.get(name)
    if (!entry) return undefined
    const { dtype, shape, byteLength } = entry.tensor
    return { dtype, shape, byteLength }
  }

  location(name: string): WeightLocation | undefined {
    const entry = this.#entries.get(name)
    if (entry?.tensor.dtype !== 'float32' || entry.source.path === undefined) return undefined
    return { path: entry.source.path, offset: entry.tensor.offset, length: entry.tensor.byteLength }
  }

  async float32(name: string, signal?: AbortSignal): Promise<Float32Array> {
    const { tensor } = this.#entry(name)
    return this.#read(name, 0, tensor.byteLength, signal)
  }

  async float32Rows(name: string, from: number, to: number, signal?: AbortSignal): Promise<Float32Array> {
    const { tensor } = this.#entry(name)
    const columns = tensor.shape.at(-1) ?? 1
    const rows = tensor.shape.slice(0, -1).reduce((product, size) => product * size, 1)
    if (!(from >= 0 && from <= to && to <= rows))
      throw new InvalidArgumentError({
        argument: 'rows',
        received: [from, to],
        allowed: `a range within 0 and ${rows}`,
      })
    const rowBytes = columns * (elementBytes(tensor.dtype) ?? 0)
    return this.#read(name, from * rowBytes, (to - from) * rowBytes, signal)
  }

  packing(): undefined {
    return undefined
  }

  async packed(): Promise<PackedWeight | undefined> {
    return undefined
  }

  async close(): Promise<void> {
    for (const part of this.#parts) await part.source.close()
  }

  async #read(name: string, from: number, length: number, signal?: AbortSignal): Promise<Float32Array> {
    const { source, tensor } = this.#entry(name)
    if (elementBytes(tensor.dtype) === undefined)
      throw new FileFormatError({
        file: source.name,
        format: 'safetensors',
        offset: tensor.offset,
        problem: `tensor ${name} has the type ${tensor.dtype}, which lc does not convert`,
      })
    return toFloat32(tensor.dtype, await source.read(tensor.offset + from, length, signal))!
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name)
    if (!entry)
      throw new InvalidArgumentError({
        argument: 'name',
        received: name,
        allowed: `one of ${this.names.length} weights`,
      })
    return entry
  }
}
