/** Devices, files and caches of Node. @module */
export { type NodeDeviceOptions, nodeDevice } from './node-platform/node-device.ts'
export { nodeFilePlatform } from './node-platform/node-file-platform.ts'
