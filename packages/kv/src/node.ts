/** Sessions as files. @module */
export { folderSessionStore } from './node/folder-session-store.ts'
export { restoreSession, saveSession } from './node/session-file.ts'
