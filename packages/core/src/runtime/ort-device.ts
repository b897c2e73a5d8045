/** @file A device over ONNX Runtime, whatever binding it comes from. */

import { checkArgument } from '@lc/model/check'
import { asyncDispose, DisposeGuard } from '@lc/model/dispose'
import { isLcError } from '@lc/model/errors'
import { DeviceError } from '../errors/device-error.ts'
import type { DType } from '../graph/dtype.ts'
import { Graph } from '../graph/graph.ts'
import { identity } from '../graph/ops/elementwise.ts'
import { lowerForProvider, type ProviderTraits } from '../graph/rewrite/lower-for-provider.ts'
import { encodeModel } from '../onnx/encode-model.ts'
import type { CompileOptions, Device, DeviceKind } from './device.ts'
import { hashBytes } from './hash-bytes.ts'
import type { MemoryReport } from './memory-report.ts'
import type { OrtBackend } from './ort-backend.ts'
import type { OrtModule, OrtSession, OrtSessionOptions, OrtTensor } from './ort-module.ts'
import { OrtProgram } from './ort-program.ts'
import { hostData } from './ort-tensor.ts'
import { type PlacedWeights, type PlaceFiles, placeWeights } from './place-weights.ts'
import { type CompilePlain, fusedAttentionIsRight, hasHalfPrecision } from './probe-webgpu.ts'
import type { Program } from './program.ts'
import { ProgramCache } from './program-cache.ts'
import { nodesWithoutWebgpuKernel } from './provider-capability.ts'
import { SerialQueue } from './serial-queue.ts'
import type { HostTensor } from './tensor.ts'

/** What differs between bindings and providers. */
export interface OrtDeviceFields {
  readonly ort: OrtModule
  readonly kind: DeviceKind
  readonly threads: number
  /** Options of every session, before those of one compilation. */
  readonly sessionOptions: OrtSessionOptions
  readonly placeFiles: PlaceFiles
  /** The default of compilations. */
  readonly unsupportedOps: 'error' | 'cpu'
  /** How GPU tensors are read: by the tensor itself, or through a small program (where `getData` is not safe). */
  readonly reading: 'direct' | 'through-program'
}

/** A device over ONNX Runtime. */
export class OrtDevice implements Device, OrtBackend {
  readonly kind: DeviceKind
  readonly threads: number
  readonly ort: OrtModule
  readonly #fields: OrtDeviceFields
  readonly #guard: DisposeGuard
  readonly #cache = new ProgramCache()
  readonly #queue = new SerialQueue()
  readonly #programs = new Set<Program>()
  readonly #readers = new Map<string, Promise<OrtSession>>()
  #deviceTensorBytes = 0
  #hasHalf: Promise<boolean> | undefined
  #attentionIsRight: Promise<boolean> | undefined

  constructor(fields: OrtDeviceFields) {
    this.kind = fields.kind
    this.threads = fields.threads
    this.ort = fields.ort
    this.#fields = fields
    this.#guard = new DisposeGuard(`the ${fields.kind} device`, () => this.#closeAll())
  }

  compile(graph: Graph, options: CompileOptions = {}): Promise<Program> {
    return this.#guard.use(async () => {
      options.signal?.throwIfAborted()
      checkIo(graph, options.keepOnDevice ?? [])
      const program = await this.#compileLowered(graph, await this.#lower(graph, options), options)
      if (options.signal?.aborted) await program.close()
      options.signal?.throwIfAborted()
      return program
    })
  }

  memoryReport(): MemoryReport {
    return { programs: this.#cache.report(), deviceTensorBytes: this.#deviceTensorBytes }
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  runSession(
    program: string,
    session: OrtSession,
    feeds: Record<string, OrtTensor>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, OrtTensor>>> {
    // runs of one device never overlap: the web binding forbids it, and elsewhere they would only compete for the same cores
    return this.#queue.run(async () => {
      try {
        return await session.run(feeds, fetches)
      } catch (error) {
        throw this.#failure(`run ${program}`, error)
      }
    })
  }

  async readTensor(dtype: DType, tensor: OrtTensor): Promise<HostTensor> {
    const shape = [...tensor.dims]
    if (this.#fields.reading === 'direct') {
      const data = await this.#queue.run(() => tensor.getData())
      return { dtype, shape, data: hostData(dtype, data) }
    }
    const session = await this.#readerFor(dtype, shape.length)
    const { result } = await this.runSession('the reader', session, { x: tensor }, ['result'])
    return { dtype, shape, data: hostData(dtype, result!.data) }
  }

  countDeviceBytes(bytes: number): void {
    this.#deviceTensorBytes += bytes
  }

  /** A program that copies one tensor to an output in JavaScript memory. */
  #readerFor(dtype: DType, rank: number): Promise<OrtSession> {
    const key = `${dtype}${rank}`
    const known = this.#readers.get(key)
    if (known) return known
    const graph = new Graph('reader')
    const shape = Array.from({ length: rank }, (_, axis) => `D${axis}`)
    graph.output('result', identity(graph.input('x', dtype, shape)))
    const session = this.#createSession('the reader', encodeModel(graph), this.#fields.sessionOptions)
    this.#readers.set(key, session)
    return session
  }

  /** The graph in ops that the provider has kernels for. */
  async #lower(graph: Graph, options: CompileOptions): Promise<Graph> {
    if (this.kind !== 'webgpu') return lowerForProvider(graph, this.kind === 'wasm' ? 'cpu' : this.kind)
    const lowered = lowerForProvider(graph, 'webgpu', await this.#traitsFor(graph))
    const missing = nodesWithoutWebgpuKernel(lowered)
    if (missing.length > 0 && (options.unsupportedOps ?? this.#fields.unsupportedOps) === 'error') {
      const problem = `it has no kernel for ${[...new Set(missing)].join('; ')}`
      const fallback = "compile with unsupportedOps: 'cpu' to run these there"
      throw new DeviceError({ device: this.kind, operation: `compile ${graph.name}`, problem, fallback })
    }
    return lowered
  }

  /** What the graph needs to know of the adapter, tried out once. */
  async #traitsFor(graph: Graph): Promise<ProviderTraits> {
    const plain: CompilePlain = (probe) => this.#compileLowered(probe, lowerForProvider(probe, 'webgpu'), {})
    if (graph.nodes.some((node) => node.outputs.some((output) => output.dtype === 'float16'))) {
      this.#hasHalf ??= hasHalfPrecision(plain)
      if (!(await this.#hasHalf)) {
        const problem = 'the adapter has no float16 (the feature shader-f16)'
        throw new DeviceError({
          device: this.kind,
          operation: `compile ${graph.name}`,
          problem,
          fallback: 'use float32',
        })
      }
    }
    if (!graph.nodes.some((node) => node.op === 'groupQueryAttention' || node.op === 'multiHeadAttention')) return {}
    this.#attentionIsRight ??= fusedAttentionIsRight(plain)
    return { fusedAttention: (await this.#attentionIsRight) ? 'trusted' : 'untrusted' }
  }

  #optionsOf(graph: Graph, options: CompileOptions, weights: PlacedWeights): OrtSessionOptions {
    const base = this.#fields.sessionOptions
    const {
      prepack = true,
      memoryArena = false,
      keepOnDevice = [],
      unsupportedOps = this.#fields.unsupportedOps,
    } = options
    const session: Record<string, unknown> = { ...(base.extra?.session as Record<string, unknown> | undefined) }
    if (!prepack) session.disable_prepacking = '1'
    if (weights.folder !== undefined) session.model_external_initializers_file_folder_path = weights.folder
    const accelerated = this.kind !== 'cpu' && this.kind !== 'wasm'
    if (accelerated && unsupportedOps === 'error') session.disable_cpu_ep_fallback = '1'
    const locations = Object.fromEntries(
      [...graph.outputs.keys()].map((name) => [name, keepOnDevice.includes(name) ? 'gpu-buffer' : 'cpu'] as const),
    )
    return {
      ...base,
      enableCpuMemArena: memoryArena,
      enableMemPattern: memoryArena,
      extra: { ...base.extra, session },
      ...(weights.buffers.length > 0 && { externalData: weights.buffers }),
      ...(this.kind === 'webgpu' && { preferredOutputLocation: locations }),
    }
  }

  #createSession(program: string, model: Uint8Array, options: OrtSessionOptions, graph?: Graph): Promise<OrtSession> {
    return this.#queue.run(async () => {
      try {
        return await this.ort.InferenceSession.create(model, options)
      } catch (error) {
        throw this.#failure(`compile ${program}`, error, graph)
      }
    })
  }

  #failure(operation: string, error: unknown, graph?: Graph): unknown {
    if (isLcError(error)) return error
    const message = error instanceof Error ? error.message : String(error)
    const ops = [...new Set(graph?.nodes.map((node) => node.op))].join(', ')
    const refused = message.includes('fallback to CPU EP has been explicitly disabled')
    const problem = refused
      ? `it has no kernel for one of ${ops}, in these types or with sizes read at run time`
      : message
    return new DeviceError({ device: this.kind, operation, problem, cause: error })
  }

  async #compileLowered(graph: Graph, lowered: Graph, options: CompileOptions): Promise<Program> {
    const weights = await placeWeights(lowered, options.weights ?? new Map(), this.#fields.placeFiles)
    const model = encodeModel(lowered, { weights: weights.content })
    const sessionOptions = this.#optionsOf(graph, options, weights)
    const settings = JSON.stringify([sessionOptions.preferredOutputLocation, sessionOptions.extra, options.memoryArena])
    const memory = {
      name: graph.name,
      graphBytes: model.length,
      fileWeightBytes: weights.fileBytes,
      memoryWeightBytes: weights.memoryBytes,
    }
    const shared = await this.#cache.acquire(`${hashBytes(model)}${settings}`, memory, () =>
      this.#createSession(graph.name, model, sessionOptions, lowered),
    )
    const program: Program = new OrtProgram({
      name: graph.name,
      backend: this,
      session: shared.session,
      inputs: graph.inputs,
      outputs: graph.outputs,
      release: () => {
        this.#programs.delete(program)
        return shared.release()
      },
    })
    this.#programs.add(program)
    return program
  }

  async #closeAll(): Promise<void> {
    for (const program of [...this.#programs].reverse()) await program.close()
    for (const reader of this.#readers.values()) await (await reader).release()
    this.#readers.clear()
  }
}

/** bfloat16 has no array in JavaScript's binding, and kept outputs must exist. */
function checkIo(graph: Graph, keepOnDevice: readonly string[]): void {
  for (const [name, value] of [...graph.inputs, ...graph.outputs])
    checkArgument(
      value.dtype !== 'bfloat16',
      name,
      value.dtype,
      'of another type: bfloat16 can only be a weight; cast it',
    )
  for (const name of keepOnDevice)
    checkArgument(graph.outputs.has(name), 'keepOnDevice', name, `among ${[...graph.outputs.keys()].join(', ')}`)
  checkArgument(graph.outputs.size > 0, 'graph', graph.name, 'a graph with an output')
}
