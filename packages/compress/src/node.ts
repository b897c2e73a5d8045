/** Parsers of code for Node.js, from installed packages. @module */
export { nodeCodeParsers } from './node/node-parsers.ts'
