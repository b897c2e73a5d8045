/** @file Devices of Node: ONNX Runtime's native binding with the providers that it carries. */
import { availableParallelism } from 'node:os'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { DeviceError } from '../errors/device-error.ts'
import type { Device, DeviceKind } from '../runtime/device.ts'
import { OrtDevice } from '../runtime/ort-device.ts'
import type { OrtModule, OrtSessionOptions } from '../runtime/ort-module.ts'
import { placeNodeFiles } from './place-node-files.ts'

/** Options of `nodeDevice`. */
export interface NodeDeviceOptions {
  /** Defaults to `auto`: the best of the providers that can be opened here, at last the CPU. */
  readonly kind?: 'auto' | Exclude<DeviceKind, 'wasm'>
  /** Threads of one run. Defaults to the cores of the machine. */
  readonly threads?: number
  /** Let threads wait actively between the parts of a run: faster steps, but busy cores. Defaults to true. */
  readonly spinning?: boolean
}

interface NodeOrt extends OrtModule {
  listSupportedBackends?(): readonly { readonly name: string; readonly bundled: boolean }[]
}

const providers: { readonly [K in Exclude<DeviceKind, 'wasm'>]: string } = {
  cpu: 'cpu',
  webgpu: 'webgpu',
  cuda: 'cuda',
  coreml: 'coreml',
  directml: 'dml',
}

/**
 * Opens a device of this machine.
 *
 * @throws DeviceError where `onnxruntime-node` is not installed or the provider cannot be opened.
 */
export async function nodeDevice(options: NodeDeviceOptions = {}): Promise<Device> {
  const kinds = ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'directml'] as const
  const kind = checkOneOf(options.kind ?? 'auto', 'kind', kinds)
  const threads = checkInteger(options.threads ?? availableParallelism(), 'threads', { min: 1, max: 1024 })
  const ort = await loadOrt(kind)
  return openDevice(ort, kind === 'auto' ? 'cpu' : kind, threads, options.spinning ?? true)
}

async function loadOrt(kind: string): Promise<NodeOrt> {
  try {
    return (await import('onnxruntime-node')) as unknown as NodeOrt
  } catch (error) {
    const problem = 'the package onnxruntime-node cannot be loaded'
    const fallback = 'install it beside @lc/core: npm install onnxruntime-node'
    throw new DeviceError({ device: kind, operation: 'open', problem, fallback, cause: error })
  }
}

function openDevice(ort: NodeOrt, kind: Exclude<DeviceKind, 'wasm'>, threads: number, spinning: boolean): Device {
  const sessionOptions: OrtSessionOptions = {
    executionProviders: [kind === 'cpu' ? 'cpu' : { name: providers[kind] }],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
  }
  return new OrtDevice({
    ort,
    kind,
    threads,
    sessionOptions,
    placeFiles: placeNodeFiles,
    reading: 'through-program',
  })
}
