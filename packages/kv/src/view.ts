/** A session as an HTML page: kept tokens over the text, scores and attention by layer and head, memory over time. @module */
export { type CachePageOptions, cachePage } from './view/cache-page.ts'
export { type CacheRecording, type MemoryMoment, recordCache } from './view/record-cache.ts'
export type { TokenNumbers } from './view/token-numbers.ts'
