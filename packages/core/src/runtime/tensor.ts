import type { DType, TensorData } from '../graph/dtype.ts'

/** A tensor in JavaScript memory, row-major. */
export interface HostTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TensorData
}

/** A tensor that lives on a device until it is read or closed. */
export interface DeviceTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  /** Copies the elements to JavaScript memory. */
  read(): Promise<HostTensor>
  /** Frees the memory on the device. Idempotent. */
  close(): void
}

/** What a program takes and gives. */
export type Tensor = HostTensor | DeviceTensor
