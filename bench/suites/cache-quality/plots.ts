/** @file Quality against memory and against time as SVG. */
import { plotPanels } from '../../runner/plot-panels.ts'
import type { ContinuationMean } from './averages.ts'

// more lines than this hide each other
const drawnPolicies = 8
const controls = ['random', 'streaming-llm']

/** A panel for each length, the best policies and the controls; y is top-1 agreement in percent. */
export function plotAgainst(means: readonly ContinuationMean[], axis: 'memory' | 'time'): string {
  const own = means.filter(({ policy }) => policy !== 'full')
  const drawn = bestPolicies(own)
  const label = axis === 'memory' ? 'allocated memory, % of the full cache' : 'time of a token, % of the full cache'
  return plotPanels(
    [...new Set(own.map(({ length }) => length))].map((length) => ({
      title: `top-1 agreement (%), ${length.toLocaleString('en')} tokens`,
      xLabel: label,
      points: own
        .filter((each) => each.length === length && drawn.includes(each.policy))
        .map((each) => ({ series: each.policy, x: 100 * (each[axis] ?? 0), y: 100 * each.agreement })),
    })),
  )
}

function bestPolicies(means: readonly ContinuationMean[]): string[] {
  const policies = [...new Set(means.map(({ policy }) => policy))]
  const agreement = (policy: string): number => {
    const own = means.filter((each) => each.policy === policy)
    return own.reduce((sum, each) => sum + each.agreement, 0) / own.length
  }
  const others = policies.filter((policy) => !controls.includes(policy)).sort((a, b) => agreement(b) - agreement(a))
  return [...others.slice(0, drawnPolicies), ...controls]
}
