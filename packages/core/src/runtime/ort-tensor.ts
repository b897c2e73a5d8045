/** @file Between our tensors and those of ONNX Runtime. */

import { checkArgument } from '@lc/model/check'
import { DisposedError } from '@lc/model/errors'
import { bytesPerElement, type DType, type TensorData } from '../graph/dtype.ts'
import type { OrtBackend } from './ort-backend.ts'
import type { OrtTensor } from './ort-module.ts'
import type { DeviceTensor, HostTensor, Tensor } from './tensor.ts'

/** A tensor that stays in the memory of a GPU. */
export class OrtDeviceTensor implements DeviceTensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly #backend: OrtBackend
  #tensor: OrtTensor | undefined

  constructor(backend: OrtBackend, dtype: DType, tensor: OrtTensor) {
    this.dtype = dtype
    this.shape = [...tensor.dims]
    this.#backend = backend
    this.#tensor = tensor
    backend.countDeviceBytes(this.#sizeBytes)
  }

  read(): Promise<HostTensor> {
    return this.#backend.readTensor(this.dtype, this.unwrap(this.#backend))
  }

  close(): void {
    if (this.#tensor === undefined) return
    this.#tensor.dispose()
    this.#tensor = undefined
    this.#backend.countDeviceBytes(-this.#sizeBytes)
  }

  /** The native tensor, for the same device only. */
  unwrap(backend: OrtBackend): OrtTensor {
    checkArgument(backend === this.#backend, 'tensor', this, 'a tensor of the same device; read it first')
    if (this.#tensor === undefined) throw new DisposedError({ what: 'the device tensor' })
    return this.#tensor
  }

  get #sizeBytes(): number {
    return this.shape.reduce((product, size) => product * size, bytesPerElement(this.dtype))
  }
}

/** A feed as a native tensor. The elements are not copied. */
export function toOrt(backend: OrtBackend, tensor: Tensor): OrtTensor {
  if ('data' in tensor) return new backend.ort.Tensor(tensor.dtype, tensor.data, tensor.shape)
  checkArgument(tensor instanceof OrtDeviceTensor, 'feed', tensor, 'a host tensor, or a tensor of the same device')
  return tensor.unwrap(backend)
}

/** A result in JavaScript memory. */
export function toHost(dtype: DType, tensor: OrtTensor): HostTensor {
  return { dtype, shape: [...tensor.dims], data: hostData(dtype, tensor.data) }
}

/** Newer platforms give Float16Array where older ones give the patterns. */
export function hostData(dtype: DType, data: unknown): TensorData {
  const view = data as TensorData
  const patterns = dtype === 'float16' && !(view instanceof Uint16Array)
  return patterns
    ? new Uint16Array(
        (view as ArrayBufferView).buffer,
        (view as ArrayBufferView).byteOffset,
        (view as TensorData).length,
      )
    : view
}
