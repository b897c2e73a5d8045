/** Devices and files of browsers. @module */
export { type WebDeviceOptions, webDevice } from './web-platform/web-device.ts'
export { webFilePlatform } from './web-platform/web-file-platform.ts'
export { platform, webPlatform } from './web-platform/web-platform.ts'
