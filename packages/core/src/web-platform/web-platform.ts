import type { Platform } from '../platform/platform.ts'
import { webDevice } from './web-device.ts'
import { webFilePlatform } from './web-file-platform.ts'

/** The platform of browsers. `wasmPaths` as in `webDevice`. */
export function webPlatform(options: { readonly wasmPaths?: string } = {}): Platform {
  return { ...webFilePlatform(), openDevice: (device) => webDevice({ ...options, ...device }) }
}

/** The platform of this page. */
export const platform: Platform = webPlatform()
