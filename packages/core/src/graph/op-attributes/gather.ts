import type { AxisAttributes } from './reduction.ts'

/** How values that fall on the same place are joined. */
export type ScatterReduction = 'none' | 'add' | 'mul' | 'max' | 'min'

/** Ops that read or write at computed places. */
export interface GatherOps {
  gather: AxisAttributes
  gatherElements: AxisAttributes
  gatherNd: { readonly batchDims: number }
  scatterElements: AxisAttributes & { readonly reduction: ScatterReduction }
  scatterNd: { readonly reduction: ScatterReduction }
}
