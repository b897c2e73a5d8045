/** Logits after each of several tokens, `[T, V]`, with what comparing others with them needs. */
export interface ReferenceLogits {
  readonly logits: Float32Array
  readonly width: number
  readonly probabilities: Float32Array
  /** Log of the sum of exponentials, by row. */
  readonly norms: Float64Array
  readonly best: Uint32Array
}

/** How far next-token distributions are from others, on average over rows. */
export interface LogitDistance {
  /** KL(reference || other), nats. */
  readonly divergence: number
  /** How often both have the same first choice. */
  readonly agreement: number
  /** Negative log-likelihood of the true tokens, nats. */
  readonly nll: number
}

/** Prepares logits `[T, V]` to be compared with. */
export function referenceLogits(logits: Float32Array, rows: number): ReferenceLogits {
  const width = logits.length / rows
  const probabilities = new Float32Array(logits.length)
  const norms = new Float64Array(rows)
  const best = new Uint32Array(rows)
  for (let row = 0; row < rows; row++) {
    const own = logits.subarray(row * width, (row + 1) * width)
    best[row] = indexOfLargest(own)
    const norm = logSumExp(own, own[best[row]!]!)
    norms[row] = norm
    for (let token = 0; token < width; token++) probabilities[row * width + token] = Math.exp(own[token]! - norm)
  }
  return { logits, width, probabilities, norms, best }
}

/** Compares logits `[T, V]`; `targets` are the true tokens after each row. */
export function compareLogits(
  reference: ReferenceLogits,
  logits: Float32Array,
  targets: ArrayLike<number>,
): LogitDistance {
  const { width } = reference
  const rows = reference.norms.length
  let [divergence, agreed, nll] = [0, 0, 0]
  for (let row = 0; row < rows; row++) {
    const own = logits.subarray(row * width, (row + 1) * width)
    const best = indexOfLargest(own)
    const norm = logSumExp(own, own[best]!)
    if (best === reference.best[row]) agreed++
    nll += norm - own[targets[row]!]!
    divergence += rowDivergence(reference, row, own, norm)
  }
  return { divergence: divergence / rows, agreement: agreed / rows, nll: nll / rows }
}

function rowDivergence(
  { logits, probabilities, norms, width }: ReferenceLogits,
  row: number,
  own: Float32Array,
  norm: number,
): number {
  const offset = row * width
  // same logits give exactly 0
  const shift = norms[row]! - norm
  let sum = 0
  for (let token = 0; token < width; token++)
    sum += probabilities[offset + token]! * (logits[offset + token]! - own[token]! - shift)
  return sum
}

/** The index of the largest of some numbers; of the first of several. */
export function indexOfLargest(values: Float32Array): number {
  let best = 0
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index
  return best
}

function logSumExp(logits: Float32Array, largest: number): number {
  let sum = 0
  for (let token = 0; token < logits.length; token++) sum += Math.exp(logits[token]! - largest)
  return largest + Math.log(sum)
}
