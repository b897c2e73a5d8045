/** Files for Node: a journal that survives being killed, atomic writes, locks between processes. @module */
export { type AtomicWriteOptions, atomicWrite } from './node/atomic-write.ts'
export { type FileJournalOptions, fileJournal } from './node/file-journal.ts'
export { type FileLock, type FileLockOptions, fileLock } from './node/file-lock.ts'
