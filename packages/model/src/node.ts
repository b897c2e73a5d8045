/** Files and servers for Node: a journal that survives being killed, atomic writes, locks between processes, HTTP. @module */
export { type AtomicWriteOptions, atomicWrite } from './node/atomic-write.ts'
export { type FileJournalOptions, fileJournal } from './node/file-journal.ts'
export { type FileLock, type FileLockOptions, fileLock } from './node/file-lock.ts'
export { type PatientFetchInit, patientFetch } from './node/patient-fetch.ts'
export { type HttpServer, type RequestHandler, type ServeHttpOptions, serveHttp } from './node/serve-http.ts'
