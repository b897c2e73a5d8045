import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces what stands between `<!-- measured: NAME -->` and `<!-- /measured -->` in a page. */
export function writeBetween(file: string, name: string, text: string): void {
  const page = readFileSync(file, 'utf8')
  const replaced = between(page, name, text)
  if (replaced !== page) writeFileSync(file, replaced)
}

/** The page with the marked part replaced. */
export function between(page: string, name: string, text: string): string {
  const start = `<!-- measured: ${name} -->`
  const end = '<!-- /measured -->'
  const from = page.indexOf(start)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`the page has no part between ${start} and ${end}`)
  return `${page.slice(0, from + start.length)}\n\n${text.trim()}\n\n${page.slice(to)}`
}
