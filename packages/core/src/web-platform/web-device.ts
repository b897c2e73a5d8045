/** @file Devices of browsers: ONNX Runtime as WebAssembly, on the CPU or with its WebGPU provider. */
import { checkInteger, checkOneOf } from '@lc/model/check'
import { DeviceError } from '../errors/device-error.ts'
import type { Device, OpenDeviceOptions } from '../runtime/device.ts'
import { OrtDevice } from '../runtime/ort-device.ts'
import type { OrtModule, OrtSessionOptions } from '../runtime/ort-module.ts'
import { noFiles } from '../runtime/place-weights.ts'

/** Options of `webDevice`. */
export interface WebDeviceOptions extends OpenDeviceOptions {
  /**
   * Address of the folder that holds the `.wasm` and `.mjs` files of `onnxruntime-web`, ending with a slash. Defaults to
   * where the bundler has put them.
   */
  readonly wasmPaths?: string
}

interface WebOrt extends OrtModule {
  readonly env: { readonly wasm: { numThreads?: number; wasmPaths?: string } }
}

type WebDeviceKind = 'wasm' | 'webgpu'

/**
 * Opens a device of this browser. `auto` is WebGPU where the browser has an adapter that is not a software one, otherwise
 * WebAssembly. Threads need a page that is cross-origin isolated; without it there is one.
 *
 * @throws DeviceError where `onnxruntime-web` is not installed or the device cannot be opened.
 */
export async function webDevice(options: WebDeviceOptions = {}): Promise<Device> {
  const asked = checkOneOf(options.kind ?? 'auto', 'kind', ['auto', 'wasm', 'webgpu'] as const)
  const adapter = asked === 'wasm' ? undefined : await findAdapter()
  if (asked === 'webgpu' && adapter === undefined) {
    const problem = 'this browser offers no adapter'
    throw new DeviceError({ device: 'webgpu', operation: 'open', problem, fallback: 'use the kind wasm' })
  }
  const kind: WebDeviceKind = asked === 'auto' ? (adapter === 'hardware' ? 'webgpu' : 'wasm') : asked
  const ort = await loadOrt(kind)
  const isolated = globalThis.crossOriginIsolated === true
  const available = isolated ? (globalThis.navigator?.hardwareConcurrency ?? 1) : 1
  const threads = Math.min(available, checkInteger(options.threads ?? available, 'threads', { min: 1, max: 1024 }))
  // the module reads these once, when its first session is made
  ort.env.wasm.numThreads = threads
  if (options.wasmPaths !== undefined) ort.env.wasm.wasmPaths = options.wasmPaths
  const sessionOptions: OrtSessionOptions = {
    executionProviders: [kind === 'wasm' ? 'wasm' : { name: 'webgpu' }],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  }
  const unsupportedOps = options.unsupportedOps ?? 'error'
  return new OrtDevice({
    ort,
    kind,
    threads,
    sessionOptions,
    placeFiles: noFiles(kind),
    reading: 'direct',
    unsupportedOps,
  })
}

interface Gpu {
  requestAdapter(): Promise<{ readonly info?: { readonly isFallbackAdapter?: boolean } } | null>
}

/** Whether there is an adapter, and of which kind. */
async function findAdapter(): Promise<'hardware' | 'software' | undefined> {
  const { gpu } = (globalThis.navigator ?? {}) as { readonly gpu?: Gpu }
  const adapter = await gpu?.requestAdapter().catch(() => null)
  if (!adapter) return undefined
  return adapter.info?.isFallbackAdapter ? 'software' : 'hardware'
}

async function loadOrt(kind: WebDeviceKind): Promise<WebOrt> {
  try {
    // two builds: the smaller one has no WebGPU
    const module = kind === 'wasm' ? await import('onnxruntime-web/wasm') : await import('onnxruntime-web/webgpu')
    return module as unknown as WebOrt
  } catch (error) {
    const problem = 'the package onnxruntime-web cannot be loaded'
    const fallback = 'install it beside @lc/core: npm install onnxruntime-web'
    throw new DeviceError({ device: kind, operation: 'open', problem, fallback, cause: error })
  }
}
