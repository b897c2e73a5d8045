/** Models behind the OpenAI protocol, as a function from `Request` to `Response`. @module */
export type { ClientConnection, OpenaiServer } from './openai-server/openai-server.ts'
export { openaiServer } from './openai-server/openai-server.ts'
export type { OpenaiServerOptions, ServedModel, ServerLimits } from './openai-server/server-options.ts'
export { serverLimitDefaults } from './openai-server/server-options.ts'
