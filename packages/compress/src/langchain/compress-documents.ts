/** @file Retrieved documents of LangChain.js, told by their shape alone: no import of it. */
import { type CallOptions, makePassage, type TokenBudget } from '@lc/model'
import type { CompressionModel } from '../choose/choose-method.ts'
import { type CompressOptions, compress } from '../choose/compress.ts'
import type { CompressionResult } from '../compressor/compression-result.ts'

/** A document of LangChain.js, as far as this reads it. */
export interface RetrievedDocument {
  pageContent: string
  metadata: Record<string, unknown>
  id?: string | undefined
}

/** Options of `documentCompressor`. */
export interface DocumentCompressorOptions {
  /** Tokens of all documents together at most; a number counts in the model's tokenizer, without a model in an estimate. */
  budget: number | TokenBudget
  /** A scorer or a token classifier; without one whole sentences and lines are chosen by words of the query. */
  model?: CompressionModel | undefined
  /** What compresses the documents. Defaults to `compress`, which chooses a method. */
  compress?:
    | ((passages: Parameters<typeof compress>[0], options: CompressOptions) => Promise<CompressionResult>)
    | undefined
}

/** What `ContextualCompressionRetriever` of LangChain.js wants as `baseCompressor`. */
export interface DocumentCompressor {
  compressDocuments<Kind extends RetrievedDocument>(
    documents: Kind[],
    query: string,
    callbacks?: unknown,
    call?: CallOptions,
  ): Promise<Kind[]>
}

/**
 * A document compressor for LangChain.js. Documents keep their ids and metadata; those of which nothing is left are absent.
 *
 * @throws InvalidArgumentError
 * @example
 * ```ts
 * import { documentCompressor } from '@lc/compress/langchain'
 *
 * const documents = [{ pageContent: 'The tower is red. '.repeat(40), metadata: { page: 3 } }]
 * const [first] = await documentCompressor({ budget: 30 }).compressDocuments(documents, 'What colour is the tower?')
 * console.log(first?.metadata.page)
 * ```
 */
export function documentCompressor(options: DocumentCompressorOptions): DocumentCompressor {
  const run = options.compress ?? compress
  return {
    async compressDocuments(documents, query, _callbacks, { signal, onProgress } = {}) {
      const passages = documents.map(({ pageContent, metadata }, index) =>
        makePassage(pageContent, { uri: uriOf(metadata, index), id: String(index) }),
      )
      const { budget, model } = options
      const result = await run(passages, { budget, model, query, signal, onProgress })
      return result.passages.map((passage) => {
        const document = documents[Number(passage.id)]!
        return Object.assign(Object.create(Object.getPrototypeOf(document)), document, { pageContent: passage.text })
      })
    },
  }
}

/** Documents of LangChain.js name their file or page as `source`. */
function uriOf(metadata: Record<string, unknown>, index: number): string {
  const source = metadata.source
  return typeof source === 'string' && source !== '' ? source : `document:${index}`
}
