/** @file Devices of Node: ONNX Runtime's native binding with the providers that it carries. */
import { availableParallelism } from 'node:os'
import { checkInteger, checkOneOf } from '@lc/model/check'
import { DeviceError } from '../errors/device-error.ts'
import { Graph } from '../graph/graph.ts'
import { add } from '../graph/ops/elementwise.ts'
import type { Device, DeviceKind, OpenDeviceOptions } from '../runtime/device.ts'
import { OrtDevice } from '../runtime/ort-device.ts'
import type { OrtModule, OrtSessionOptions } from '../runtime/ort-module.ts'
import { integerProductsSaturate } from './integer-saturation.ts'
import { placeNodeFiles } from './place-node-files.ts'

interface NodeOrt extends OrtModule {
  listSupportedBackends?(): readonly { readonly name: string; readonly bundled: boolean }[]
}

type NodeDeviceKind = Exclude<DeviceKind, 'wasm'>

const providers: { readonly [K in NodeDeviceKind]: string } = {
  cpu: 'cpu',
  webgpu: 'webgpu',
  cuda: 'cuda',
  coreml: 'coreml',
  directml: 'dml',
}

/**
 * Opens a device of this machine. `auto` is CUDA where the installed binding has it and a GPU answers, otherwise the CPU.
 *
 * @throws DeviceError where `onnxruntime-node` is not installed or the device cannot be opened.
 */
export async function nodeDevice(options: OpenDeviceOptions = {}): Promise<Device> {
  const kinds = ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'directml'] as const
  const kind = checkOneOf(options.kind ?? 'auto', 'kind', kinds)
  const threads = checkInteger(options.threads ?? availableParallelism(), 'threads', { min: 1, max: 1024 })
  const ort = await loadOrt(kind)
  const saturates = await integerProductsSaturate(ort)
  const open = (chosen: NodeDeviceKind): OrtDevice => makeDevice(ort, chosen, { ...options, threads, saturates })
  if (kind === 'cpu') return open(kind)
  if (kind !== 'auto') return probed(open(kind))
  const hasCuda = ort.listSupportedBackends?.().some((backend) => backend.name === 'cuda' && backend.bundled) ?? false
  // a binding with CUDA on a machine without it is common, and the CPU is then what was asked for
  return hasCuda ? probed(open('cuda')).catch(() => open('cpu')) : open('cpu')
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

/** Providers find their hardware when the first session is made: make one, so that what is missing shows at once. */
async function probed(device: OrtDevice): Promise<Device> {
  const graph = new Graph('probe')
  graph.output('y', add(graph.input('x', 'float32', [1]), 1))
  try {
    const program = await device.compile(graph)
    await program.close()
    return device
  } catch (error) {
    await device.close()
    const problem = `no usable ${device.kind} device was found on this machine`
    throw new DeviceError({
      device: device.kind,
      operation: 'open',
      problem,
      fallback: 'use the kind cpu',
      cause: error,
    })
  }
}

function makeDevice(
  ort: NodeOrt,
  kind: NodeDeviceKind,
  options: OpenDeviceOptions & { readonly threads: number; readonly saturates: boolean },
): OrtDevice {
  const { threads, saturates, spinning = true, unsupportedOps = 'error' } = options
  const sessionOptions: OrtSessionOptions = {
    executionProviders: [kind === 'cpu' ? 'cpu' : { name: providers[kind] }],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    // failures come as exceptions: nothing is printed besides
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: spinning ? '1' : '0' },
        // kernels that do not saturate, at half the speed, where the others do
        ...(saturates && { x64quantprecision: '1' }),
      },
    },
  }
  const reading = kind === 'webgpu' ? 'through-program' : 'direct'
  return new OrtDevice({ ort, kind, threads, sessionOptions, placeFiles: placeNodeFiles, reading, unsupportedOps })
}
