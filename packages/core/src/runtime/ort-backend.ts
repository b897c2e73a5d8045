import type { DType } from '../graph/dtype.ts'
import type { OrtModule, OrtSession, OrtTensor } from './ort-module.ts'
import type { HostTensor } from './tensor.ts'

/** What programs and device tensors need of their device. */
export interface OrtBackend {
  readonly ort: OrtModule
  /** One run; failures come as `DeviceError`. */
  runSession(
    program: string,
    session: OrtSession,
    feeds: Record<string, OrtTensor>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, OrtTensor>>>
  /** Copies a tensor of the device to JavaScript memory. */
  readTensor(dtype: DType, tensor: OrtTensor): Promise<HostTensor>
  /** Adds to the bytes held by device tensors. */
  countDeviceBytes(bytes: number): void
}
