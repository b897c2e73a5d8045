/** @file Markers that stand for omitted lines, in the comment syntax of the file's language. */
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
  const lead = before === '' ? '' : `${before} `
  return {
    text,
    title,
    marker: (omitted) => {
      const lost = text.slice(omitted.start, omitted.end)
      if (!visible.test(lost)) return ''
      const breakBefore = omitted.start > 0 && text.charCodeAt(omitted.start - 1) !== 10 ? lineEnd : ''
      const breakAfter = omitted.end < text.length || lost.endsWith('\n') ? lineEnd : ''
      const count = style === 'counted' ? ` ${countLines(lost)} lines` : ''
      return `${breakBefore}${firstIndent(lost)}${lead}...${count}${after}${breakAfter}`
    },
  }
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
