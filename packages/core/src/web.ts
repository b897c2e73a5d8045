/** Devices and files of browsers. @module */
export type { FilePlatform } from './platform/file-platform.ts'
export type { Platform } from './platform/platform.ts'
export { type WebDeviceOptions, webDevice } from './web-platform/web-device.ts'
export { webFilePlatform } from './web-platform/web-file-platform.ts'
export { platform, webPlatform } from './web-platform/web-platform.ts'
