import { FileFormatError } from '../errors/file-format-error.ts'
import type { PackedWeight, WeightSource } from '../weights/weight-source.ts'

const blockSize = 32
const rowsAtOnce = 4096

/** Quantises a matrix to 8 bits in blocks of 32 columns: `(q - 128) * scale`, largest magnitude at 127. */
export async function packRows(
  weights: WeightSource,
  source: string,
  signal: AbortSignal | undefined,
): Promise<PackedWeight> {
  const shape = weights.info(source)?.shape ?? []
  const [rows, columns] = shape as [number, number]
  if (shape.length !== 2 || columns % blockSize !== 0)
    throw new FileFormatError({
      file: source,
      format: 'model',
      problem: `it has the shape [${shape.join(', ')}], which has no blocks of ${blockSize}`,
    })
  const blocks = columns / blockSize
  const data = new Uint8Array(rows * columns)
  const scales = new Float32Array(rows * blocks)
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const to = Math.min(rows, from + rowsAtOnce)
    const values = await weights.float32Rows(source, from, to, signal)
    for (let block = 0; block < values.length / blockSize; block++)
      scales[from * blocks + block] = packBlock(values, block * blockSize, data, from * columns + block * blockSize)
  }
  return { bits: 8, blockSize, rows, columns, data, scales }
}

function packBlock(values: Float32Array, from: number, data: Uint8Array, to: number): number {
  let largest = 0
  for (let index = from; index < from + blockSize; index++) largest = Math.max(largest, Math.abs(values[index]!))
  // in the precision in which the kernel will multiply
  const scale = Math.fround(largest / 127)
  for (let index = 0; index < blockSize; index++) {
    const code = scale === 0 ? 0 : Math.round(values[from + index]! / scale)
    data[to + index] = Math.min(Math.max(code, -127), 127) + 128
  }
  return scale
}
