/** Devices, files and caches of Node. @module */
export { cacheFolder, hubCacheFolder } from './node-platform/cache-folders.ts'
export { folderOnDisk } from './node-platform/folder-on-disk.ts'
export { nodeDevice } from './node-platform/node-device.ts'
export { nodeFilePlatform } from './node-platform/node-file-platform.ts'
export { nodePlatform, platform } from './node-platform/node-platform.ts'
export type { FilePlatform } from './platform/file-platform.ts'
export type { Platform } from './platform/platform.ts'
