/** Many sessions on one model within a budget of memory. @module */
export {
  SessionPool,
  type SessionPoolOptions,
  type SessionPoolReport,
  type UseOptions,
} from './serving/session-pool.ts'
export type { SessionStore } from './serving/session-store.ts'
