/** The axes that are reduced (never empty, may be negative) and whether they stay as size 1. */
export interface ReductionAttributes {
  readonly axes: readonly number[]
  readonly keepDims: boolean
}

/** The one axis on which an op works; may be negative. */
export interface AxisAttributes {
  readonly axis: number
}

/** Ops that gather several elements into one, and orderings along an axis. */
export interface ReductionOps {
  reduceSum: ReductionAttributes
  reduceMean: ReductionAttributes
  reduceMax: ReductionAttributes
  reduceMin: ReductionAttributes
  reduceProduct: ReductionAttributes
  reduceSumSquare: ReductionAttributes
  reduceL2: ReductionAttributes
  reduceLogSumExp: ReductionAttributes
  argMax: AxisAttributes & { readonly keepDims: boolean }
  argMin: AxisAttributes & { readonly keepDims: boolean }
  softmax: AxisAttributes
  logSoftmax: AxisAttributes
  cumulativeSum: AxisAttributes & { readonly exclusive: boolean; readonly reverse: boolean }
  /** Inputs: x and k (int64 [1]); `count` is the size that the result has on the axis. */
  topK: AxisAttributes & { readonly largest: boolean; readonly sorted: boolean; readonly count: number | string }
}
