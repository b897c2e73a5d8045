/** @file The weights of one or several GGUF files as a `WeightSource`. */
import { FileFormatError } from '../../errors/file-format-error.ts'
import type { ByteSource } from '../byte-source.ts'
import { requireRows, WeightEntries } from '../weight-entries.ts'
import type { PackedWeight, WeightInfo, WeightLocation, WeightSource } from '../weight-source.ts'
import { dequantiseBlocks } from './dequantise.ts'
import { huggingFaceName, interleavedProjection, isShiftedNorm } from './gguf-names.ts'
import { blockPacker } from './pack-blocks.ts'
import type { GgufHeader, GgufTensor } from './read-gguf-header.ts'

/** A file and its header. */
export interface GgufPart {
  readonly source: ByteSource
  readonly header: GgufHeader
}

/** Options of `ggufWeights`. */
export interface GgufWeightsOptions {
  /** `general.architecture`. */
  readonly architecture: string
  /** Query and key-value heads, for the row order of llama files. */
  readonly headCount?: number | undefined
  readonly kvHeadCount?: number | undefined
}

interface Entry {
  readonly source: ByteSource
  readonly tensor: GgufTensor
  readonly rows: number
  readonly columns: number
  /** Heads whose rows are interleaved; 0 when the rows lie as they should. */
  readonly interleavedHeads: number
  readonly shifted: boolean
}

/**
 * Weights of GGUF files by their Hugging Face names. Tensors that are no weights of the model are left out.
 *
 * @throws FileFormatError when a q or k projection does not divide into heads, or two files hold the same tensor.
 */
export function ggufWeights(parts: readonly GgufPart[], options: GgufWeightsOptions): WeightSource {
  const entries = new Map<string, Entry>()
  for (const { source, header } of parts)
    for (const tensor of header.tensors.values()) {
      const name = huggingFaceName(options.architecture, tensor.name)
      if (name === undefined) continue
      if (entries.has(name))
        throw new FileFormatError({
          file: source.name,
          format: 'gguf',
          problem: `tensor ${tensor.name} is in two files`,
        })
      entries.set(name, describe(source, tensor, options))
    }
  return new GgufWeightSource(parts, entries)
}

function describe(source: ByteSource, tensor: GgufTensor, options: GgufWeightsOptions): Entry {
  const { shape } = tensor
  const projection = interleavedProjection(options.architecture, tensor.name)
  // a vector of a projection (its bias) is permuted element by element, as rows of one column
  const columns = projection && shape.length === 1 ? 1 : (shape.at(-1) ?? 1)
  const elements = shape.reduce((product, size) => product * size, 1)
  const rows = columns === 0 ? 0 : elements / columns
  const heads = projection === undefined ? 0 : ((projection === 'q' ? options.headCount : options.kvHeadCount) ?? 0)
  if (projection !== undefined && (heads === 0 || rows % (2 * heads) !== 0))
    throw new FileFormatError({
      file: source.name,
      format: 'gguf',
      problem: `the ${rows} rows of ${tensor.name} do not divide into ${heads} heads of even size`,
    })
  if (columns === 1 && tensor.type.blockElements !== 1 && projection !== undefined)
    throw new FileFormatError({ file: source.name, format: 'gguf', problem: `${tensor.name} is a quantised vector` })
  return {
    source,
    tensor,
    rows,
    columns,
    interleavedHeads: heads,
    shifted: isShiftedNorm(options.architecture, tensor.name),
  }
}

/** The row of the file that holds row `row` in half-split order: HF row s*(d/2)+i is row 2i+s of its head. */
function fileRow(entry: Entry, row: number): number {
  if (entry.interleavedHeads === 0) return row
  const headSize = entry.rows / entry.interleavedHeads
  const within = row % headSize
  const half = headSize / 2
  const second = within >= half ? 1 : 0
  return row - within + 2 * (within - second * half) + second
}

class GgufWeightSource implements WeightSource {
  readonly names: readonly string[]
  readonly #entries: WeightEntries<Entry>

  constructor(parts: readonly GgufPart[], entries: ReadonlyMap<string, Entry>) {
    this.#entries = new WeightEntries(parts, entries)
    this.names = this.#entries.names
  }

  info(name: string): WeightInfo | undefined {
    const entry = this.#entries.find(name)
    if (!entry) return undefined
    const { type, shape, byteLength } = entry.tensor
    return {
      dtype:
        type.name === 'F32'
          ? 'float32'
          : type.name === 'F16'
            ? 'float16'
            : type.name === 'BF16'
              ? 'bfloat16'
              : type.name,
      shape,
      byteLength,
    }
  }

  location(name: string): WeightLocation | undefined {
    const entry = this.#entries.find(name)
    const path = entry?.source.path
    if (!entry || path === undefined || entry.tensor.type.name !== 'F32') return undefined
    if (entry.interleavedHeads !== 0 || entry.shifted) return undefined
    return { path, offset: entry.tensor.offset, length: entry.tensor.byteLength }
  }

  async float32(name: string, signal?: AbortSignal): Promise<Float32Array> {
    return this.float32Rows(name, 0, this.#entries.get(name).rows, signal)
  }

  async float32Rows(name: string, from: number, to: number, signal?: AbortSignal): Promise<Float32Array> {
    const entry = this.#entries.get(name)
    const { tensor, columns, rows } = entry
    requireRows(from, to, rows)
    const { name: type, blockElements, blockBytes } = tensor.type
    const rowBlocks = columns / blockElements
    const rowBytes = rowBlocks * blockBytes
    const out = new Float32Array((to - from) * columns)
    if (entry.interleavedHeads === 0) {
      const bytes = await entry.source.read(tensor.offset + from * rowBytes, (to - from) * rowBytes, signal)
      dequantiseBlocks(type, bytes, 0, (to - from) * rowBlocks, out, 0)
    } else {
      const bytes = await entry.source.read(tensor.offset, tensor.byteLength, signal)
      for (let row = from; row < to; row++)
        dequantiseBlocks(type, bytes, fileRow(entry, row) * rowBytes, rowBlocks, out, (row - from) * columns)
    }
    if (entry.shifted) for (let i = 0; i < out.length; i++) out[i]! -= 1
    return out
  }

  packing(name: string): { bits: 4 | 8; blockSize: 16 | 32; corrected: boolean } | undefined {
    const entry = this.#entries.find(name)
    if (entry?.tensor.shape.length !== 2) return undefined
    const packer = blockPacker(entry.tensor.type.name)
    return packer && { bits: packer.bits, blockSize: packer.blockSize, corrected: packer.corrected }
  }

  async packed(name: string, signal?: AbortSignal): Promise<PackedWeight | undefined> {
    const entry = this.#entries.get(name)
    const packer = this.packing(name) && blockPacker(entry.tensor.type.name)
    if (!packer) return undefined
    const { tensor, rows, columns } = entry
    const rowBlocks = columns / packer.blockSize
    const fileBlocks = columns / tensor.type.blockElements
    const data = new Uint8Array((rows * columns * packer.bits) / 8)
    const scales = new Float32Array(rows * rowBlocks)
    const correction = packer.corrected ? new Float32Array(rows * rowBlocks) : undefined
    const bytes = await entry.source.read(tensor.offset, tensor.byteLength, signal)
    const target = { data, scales, correction }
    if (entry.interleavedHeads === 0) packer.pack(bytes, 0, rows * fileBlocks, target, 0)
    else
      for (let row = 0; row < rows; row++)
        packer.pack(
          bytes,
          fileRow(entry, row) * fileBlocks * tensor.type.blockBytes,
          fileBlocks,
          target,
          row * rowBlocks,
        )
    const { bits, blockSize } = packer
    return { bits, blockSize, rows, columns, data, scales, ...(correction && { correction }) }
  }

  close(): Promise<void> {
    return this.#entries.close()
  }
}
