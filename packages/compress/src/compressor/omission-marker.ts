/** @file Markers that stand for omitted lines, in the comment syntax of the file's language. */
import type { Span } from '@lc/model'
import { commentSyntax, type Language } from '../code/language.ts'
import type { RenderSource } from './render-kept.ts'

/** `'short'`: `# ...`; `'counted'`: `# ... 12 lines`; `'none'`: omissions leave no trace. */
export type OmissionStyle = 'short' | 'counted' | 'none'

const visible = /\S/

/** A render source whose omitted lines become one comment line, indented like the first of them. */
export function lineMarkers(text: string, language: Language, title: string, style: OmissionStyle): RenderSource {
  if (style === 'none') return { text, title, marker: () => '' }
  const { before, after } = commentSyntax(language)
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n'
  const body = (lost: string): string => `...${style === 'counted' ? ` ${countLines(lost)} lines` : ''}`
  const marker = (omitted: Span, lost: string): string => {
    if (before === '') return inlineMarker(text, omitted, body(lost), lineEnd)
    const breakBefore = startsLine(text, omitted.start) ? '' : lineEnd
    const breakAfter = omitted.end < text.length || lost.endsWith('\n') ? lineEnd : ''
    return `${breakBefore}${firstIndent(lost)}${before} ${body(lost)}${after}${breakAfter}`
  }
  return {
    text,
    title,
    marker: (omitted) => {
      const lost = text.slice(omitted.start, omitted.end)
      return visible.test(lost) ? marker(omitted, lost) : ''
    },
  }
}

function startsLine(text: string, at: number): boolean {
  return at === 0 || text.charCodeAt(at - 1) === 10
}

/** Prose goes on in the same line; whole lines leave a whole line. */
function inlineMarker(text: string, { start, end }: Span, body: string, lineEnd: string): string {
  const gap = startsLine(text, start) || /\s/.test(text[start - 1]!) ? '' : ' '
  if (end === text.length) return `${gap}${body}${text.endsWith('\n') ? lineEnd : ''}`
  return `${gap}${body}${startsLine(text, end) ? lineEnd : ' '}`
}

function firstIndent(lost: string): string {
  return /(?:^|\n)([ \t]*)[^\s]/.exec(lost.slice(0, 4000))?.[1] ?? ''
}

function countLines(lost: string): number {
  let count = 0
  for (let at = 0; at < lost.length; count++) {
    const next = lost.indexOf('\n', at)
    at = next < 0 ? lost.length : next + 1
  }
  return count
}

/** The line that names a file where several are joined. */
export function fileTitle(uri: string, language: Language): string {
  const { before, after } = commentSyntax(language)
  // a name can hold anything; a line break in it would break the comment
  const name = uri.replace(/[\r\n\u2028\u2029]+/g, ' ')
  return `${before === '' ? 'File:' : before} ${name}${after}\n`
}
