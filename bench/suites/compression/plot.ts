/** @file Quality against budget as an SVG: one panel for each figure, one line for each method. */

export interface PlotPoint {
  figure: string
  method: string
  /** Original tokens over the budget. */
  ratio: number
  value: number
}

const width = 330
const height = 230
const colours = ['#4269d0', '#efb118', '#ff725c', '#6cc5b0', '#3ca951', '#a463f2', '#97bbf5']

export function plotQuality(points: readonly PlotPoint[]): string {
  const figures = [...new Set(points.map(({ figure }) => figure))]
  const methods = [...new Set(points.map(({ method }) => method))]
  const rows = Math.ceil(figures.length / 2)
  const panels = figures.map((figure, at) => {
    const own = points.filter((point) => point.figure === figure)
    return `<g transform="translate(${(at % 2) * width} ${Math.floor(at / 2) * height})">${panel(figure, own, methods)}</g>`
  })
  const keys = methods.map((method, at) => {
    const y = rows * height + 20 + Math.floor(at / 3) * 18
    return `<g transform="translate(${40 + (at % 3) * 200} ${y})"><rect width="12" height="3" y="-5" fill="${colour(at)}"/><text x="18">${method}</text></g>`
  })
  const total = rows * height + 40 + Math.ceil(methods.length / 3) * 18
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} ${total}" font-family="sans-serif" font-size="11" fill="#333"><rect width="100%" height="100%" fill="#fff"/>${panels.join('')}${keys.join('')}</svg>\n`
}

function colour(at: number): string {
  return colours[at % colours.length]!
}

function panel(figure: string, points: readonly PlotPoint[], methods: readonly string[]): string {
  const ratios = [...new Set(points.map(({ ratio }) => ratio))].sort((a, b) => a - b)
  const values = points.map(({ value }) => value)
  const low = Math.min(...values)
  const high = Math.max(...values, low + 1e-9)
  const x = (ratio: number): number =>
    50 + (ratios.length > 1 ? ratios.indexOf(ratio) / (ratios.length - 1) : 0.5) * (width - 80)
  const y = (value: number): number => height - 40 - ((value - low) / (high - low)) * (height - 80)
  const lines = methods.map((method, at) => {
    const own = points.filter((point) => point.method === method).sort((a, b) => a.ratio - b.ratio)
    const path = own.map(({ ratio, value }) => `${x(ratio).toFixed(1)},${y(value).toFixed(1)}`)
    const dots = path.map(
      (place) => `<circle cx="${place.split(',')[0]}" cy="${place.split(',')[1]}" r="3" fill="${colour(at)}"/>`,
    )
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour(at)}" stroke-width="1.5"/>${dots.join('')}`
  })
  const marks = ratios.map((ratio) => `<text x="${x(ratio)}" y="${height - 20}" text-anchor="middle">${ratio}x</text>`)
  const ends = [low, high].map(
    (value) => `<text x="44" y="${y(value) + 4}" text-anchor="end">${value.toPrecision(3)}</text>`,
  )
  return `<text x="50" y="22" font-weight="bold">${figure}</text><path d="M50 30V${height - 34}H${width - 20}" fill="none" stroke="#bbb"/>${lines.join('')}${marks.join('')}${ends.join('')}`
}
