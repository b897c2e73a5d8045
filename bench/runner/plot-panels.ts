/** @file Line plots as SVG: panels side by side, one line for each series, one legend. */

/** A point of a line. */
export interface PlotPoint {
  readonly series: string
  readonly x: number
  readonly y: number
}

/** One set of axes. */
export interface PlotPanel {
  readonly title: string
  /** Under the x axis. Defaults to nothing. */
  readonly xLabel?: string
  /** Where the x axis is marked, and how. Defaults to its ends. */
  readonly marks?: readonly { readonly x: number; readonly label: string }[]
  readonly points: readonly PlotPoint[]
}

const width = 330
const height = 230
/** More series than colours share them. */
const colours = [
  '#4269d0',
  '#efb118',
  '#ff725c',
  '#6cc5b0',
  '#3ca951',
  '#ff8ab7',
  '#a463f2',
  '#97bbf5',
  '#9c6b4e',
  '#9498a0',
  '#b5179e',
  '#2f4b26',
]

/** How lines differ besides their colours. */
export interface PlotStyle {
  /** Series whose lines are dashed. Defaults to none. */
  readonly dashed?: readonly string[]
}

/** The panels, two in a row, as an SVG document. */
export function plotPanels(panels: readonly PlotPanel[], { dashed = [] }: PlotStyle = {}): string {
  const series = [...new Set(panels.flatMap(({ points }) => points.map((point) => point.series)))]
  const rows = Math.ceil(panels.length / 2)
  const drawn = panels.map(
    (panel, at) =>
      `<g transform="translate(${(at % 2) * width} ${Math.floor(at / 2) * height})">${drawPanel(panel, series, dashed)}</g>`,
  )
  const keys = series.map((name, at) => {
    const y = rows * height + 20 + Math.floor(at / 3) * 18
    return `<g transform="translate(${40 + (at % 3) * 200} ${y})"><path d="M0-4H18" stroke="${colour(at)}" stroke-width="3"${dashed.includes(name) ? ' stroke-dasharray="5 3"' : ''}/><text x="24">${name}</text></g>`
  })
  const total = rows * height + 40 + Math.ceil(series.length / 3) * 18
  const name = `<title>${panels.map(({ title }) => title).join('; ')}</title>`
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} ${total}" font-family="sans-serif" font-size="11" fill="#333">${name}<rect width="100%" height="100%" fill="#fff"/>${drawn.join('')}${keys.join('')}</svg>\n`
}

function colour(at: number): string {
  return colours[at % colours.length]!
}

function drawPanel(
  { title, xLabel, points, marks }: PlotPanel,
  series: readonly string[],
  dashed: readonly string[],
): string {
  const [x, lowX, highX] = scale(
    points.map((point) => point.x),
    50,
    width - 30,
  )
  const [y, lowY, highY] = scale(
    points.map((point) => point.y),
    height - 40,
    40,
  )
  const lines = series.map((name, at) => {
    const own = points.filter((point) => point.series === name).sort((a, b) => a.x - b.x)
    const places = own.map((point) => [x(point.x).toFixed(1), y(point.y).toFixed(1)] as const)
    const dots = places.map(([left, top]) => `<circle cx="${left}" cy="${top}" r="3" fill="${colour(at)}"/>`)
    const path = places.map((place) => place.join(',')).join(' ')
    const dashes = dashed.includes(name) ? ' stroke-dasharray="5 3"' : ''
    return `<polyline points="${path}" fill="none" stroke="${colour(at)}" stroke-width="1.5"${dashes}/>${dots.join('')}`
  })
  const ends = [lowX, highX].map((value) => ({ x: value, label: value.toPrecision(3) }))
  const below = (marks ?? ends).map(
    (mark) => `<text x="${x(mark.x).toFixed(1)}" y="${height - 20}" text-anchor="middle">${mark.label}</text>`,
  )
  const beside = [lowY, highY].map(
    (value) => `<text x="44" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toPrecision(3)}</text>`,
  )
  const label = xLabel ? `<text x="${width / 2 + 10}" y="${height - 6}" text-anchor="middle">${xLabel}</text>` : ''
  return `<text x="50" y="22" font-weight="bold">${title}</text><path d="M50 30V${height - 34}H${width - 20}" fill="none" stroke="#bbb"/>${lines.join('')}${below.join('')}${beside.join('')}${label}`
}

/** From values to places between two, and the ends of the values. */
function scale(values: readonly number[], from: number, to: number): [(value: number) => number, number, number] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  const span = high - low || 1
  return [(value) => from + ((value - low) / span) * (to - from), low, high]
}
