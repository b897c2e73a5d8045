/** @file A matrix of few columns as a product of two thin ones, by the eigenvectors of its Gram matrix. */

/** Factors of a matrix `[rows, columns]`: it is nearly left times right. */
export interface LowRank {
  /** `[rows, rank]` */
  readonly left: Float32Array
  /** `[rank, columns]`, orthonormal rows, the most important first. */
  readonly right: Float32Array
}

/**
 * The best product of a rank, in the least squares sense: X V V^T with V the first eigenvectors of X^T X, which is what a singular value
 * decomposition gives, at the cost of one pass over the rows.
 *
 * @param matrix `[rows, columns]`
 */
export function lowRank(matrix: Float32Array, columns: number, rank: number): LowRank {
  const vectors = eigenvectors(gramMatrix(matrix, columns), columns)
  const right = new Float32Array(rank * columns)
  for (let row = 0; row < rank; row++)
    for (let column = 0; column < columns; column++) right[row * columns + column] = vectors[row]![column]!
  return { left: project(matrix, right, { columns, rank }), right }
}

/** X^T X in float64, `[columns, columns]`. */
export function gramMatrix(matrix: Float32Array, columns: number): Float64Array {
  const gram = new Float64Array(columns * columns)
  for (let from = 0; from < matrix.length; from += columns)
    for (let row = 0; row < columns; row++) {
      const factor = matrix[from + row]!
      const at = row * columns
      for (let column = row; column < columns; column++) gram[at + column]! += factor * matrix[from + column]!
    }
  for (let row = 0; row < columns; row++)
    for (let column = 0; column < row; column++) gram[row * columns + column] = gram[column * columns + row]!
  return gram
}

/** Rows times the transpose of `right`, `[rows, rank]`. */
function project(
  matrix: Float32Array,
  right: Float32Array,
  { columns, rank }: { columns: number; rank: number },
): Float32Array {
  const rows = matrix.length / columns
  const left = new Float32Array(rows * rank)
  for (let row = 0; row < rows; row++)
    for (let factor = 0; factor < rank; factor++) {
      let sum = 0
      const [from, by] = [row * columns, factor * columns]
      for (let column = 0; column < columns; column++) sum += matrix[from + column]! * right[by + column]!
      left[row * rank + factor] = sum
    }
  return left
}

const mostSweeps = 30

/** Eigenvectors of a symmetric matrix, those of the largest eigenvalues first (cyclic Jacobi rotations). */
export function eigenvectors(symmetric: Float64Array, size: number): Float64Array[] {
  const matrix = symmetric.slice()
  // rows of the transpose, which are rotated together
  const vectors = Array.from({ length: size }, (_, row) => {
    const vector = new Float64Array(size)
    vector[row] = 1
    return vector
  })
  for (let sweep = 0; sweep < mostSweeps && offDiagonal(matrix, size) > 1e-22; sweep++)
    for (let first = 0; first < size; first++)
      for (let second = first + 1; second < size; second++) rotatePair(matrix, vectors, { size, first, second })
  const order = vectors.map((_, index) => index)
  order.sort((left, right) => matrix[right * size + right]! - matrix[left * size + left]!)
  return order.map((index) => vectors[index]!)
}

/** The sum of squares off the diagonal, as a share of all. */
function offDiagonal(matrix: Float64Array, size: number): number {
  let [off, all] = [0, 0]
  for (let at = 0; at < matrix.length; at++) {
    const square = matrix[at]! ** 2
    all += square
    if (Math.floor(at / size) !== at % size) off += square
  }
  return all === 0 ? 0 : off / all
}

/** Turns two rows and columns so that their common element becomes zero. */
function rotatePair(
  matrix: Float64Array,
  vectors: readonly Float64Array[],
  { size, first, second }: { size: number; first: number; second: number },
): void {
  const common = matrix[first * size + second]!
  if (common === 0) return
  const theta = (matrix[second * size + second]! - matrix[first * size + first]!) / (2 * common)
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const cosine = 1 / Math.sqrt(tangent * tangent + 1)
  const sine = tangent * cosine
  for (let index = 0; index < size; index++) {
    const [left, right] = [matrix[index * size + first]!, matrix[index * size + second]!]
    matrix[index * size + first] = cosine * left - sine * right
    matrix[index * size + second] = sine * left + cosine * right
  }
  rotateRows(matrix.subarray(first * size, (first + 1) * size), matrix.subarray(second * size, (second + 1) * size))
  rotateRows(vectors[first]!, vectors[second]!)

  function rotateRows(upper: Float64Array, lower: Float64Array): void {
    for (let index = 0; index < size; index++) {
      const [left, right] = [upper[index]!, lower[index]!]
      upper[index] = cosine * left - sine * right
      lower[index] = sine * left + cosine * right
    }
  }
}
