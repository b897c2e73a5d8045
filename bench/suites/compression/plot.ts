/** @file Quality against budget as an SVG: one panel for each figure, one line for each method. */
import { plotPanels } from '../../runner/plot-panels.ts'
import { baselines } from './methods.ts'
import { figureTexts } from './quality-tables.ts'

export interface PlotPoint {
  /** Task and figure. */
  figure: string
  method: string
  /** Original tokens over the budget. */
  ratio: number
  value: number
}

/** Baselines are dashed, and last in the legend. */
export function plotQuality(points: readonly PlotPoint[]): string {
  const figures = [...new Set(points.map(({ figure }) => figure))]
  const ordered = [...points].sort((a, b) => placeOf(a) - placeOf(b))
  return plotPanels(
    figures.map((figure) => {
      const own = ordered.filter((point) => point.figure === figure)
      const ratios = [...new Set(own.map(({ ratio }) => ratio))]
      return {
        title: `${figure}, ${figureTexts[figure]!.better} is better`,
        xLabel: 'original tokens over the budget',
        marks: ratios.map((ratio) => ({ x: Math.log2(ratio), label: `${ratio}x` })),
        points: own.map(({ method, ratio, value }) => ({ series: method, x: Math.log2(ratio), y: value })),
      }
    }),
    { dashed: baselines },
  )
}

function placeOf({ method }: PlotPoint): number {
  return baselines.indexOf(method)
}
