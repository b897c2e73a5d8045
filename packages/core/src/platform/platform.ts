import type { Device, OpenDeviceOptions } from '../runtime/device.ts'
import type { FilePlatform } from './file-platform.ts'

/** Where lc runs: devices, files and caches. One exists for Node and one for browsers; others can be passed to `loadModel`. */
export interface Platform extends FilePlatform {
  /**
   * Opens a device.
   *
   * @throws DeviceError where the kind cannot be opened here.
   */
  openDevice(options?: OpenDeviceOptions): Promise<Device>
}
