/** Text with offsets: spans, cuts that remember their source, lines, UTF-8 bytes as UTF-16 offsets; text in HTML. @module */
export { spansOfBytes, utf8Length, utf8Offsets } from './text/byte-offsets.ts'
export { escapeHtml } from './text/escape-html.ts'
export { intersectSpans, invertSpans, normaliseSpans, type Span } from './text/span.ts'
export { composeLinks, linksWithin, mergeLinks, type SpanLink, shiftLinks } from './text/span-link.ts'
export { type KeepSpansOptions, type KeptText, keepSpans } from './text/span-map.ts'
export { splitLines } from './text/split-lines.ts'
