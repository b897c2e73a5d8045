/** A document compressor for LangChain.js. @module */
export {
  type DocumentCompressor,
  type DocumentCompressorOptions,
  documentCompressor,
  type RetrievedDocument,
} from './langchain/compress-documents.ts'
