/** For Node.js: parsers of code from installed packages, scores kept on disk. @module */
export { type FileStoreOptions, fileStore } from './node/file-store.ts'
export { nodeCodeParsers } from './node/node-parsers.ts'
