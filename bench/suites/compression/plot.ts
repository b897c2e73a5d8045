/** @file Quality against budget as an SVG: one panel for each figure, one line for each method. */
import { plotPanels } from '../../runner/plot-panels.ts'

export interface PlotPoint {
  figure: string
  method: string
  /** Original tokens over the budget. */
  ratio: number
  value: number
}

export function plotQuality(points: readonly PlotPoint[]): string {
  const figures = [...new Set(points.map(({ figure }) => figure))]
  return plotPanels(
    figures.map((figure) => {
      const own = points.filter((point) => point.figure === figure)
      const ratios = [...new Set(own.map(({ ratio }) => ratio))]
      return {
        title: figure,
        marks: ratios.map((ratio) => ({ x: Math.log2(ratio), label: `${ratio}x` })),
        points: own.map(({ method, ratio, value }) => ({ series: method, x: Math.log2(ratio), y: value })),
      }
    }),
  )
}
