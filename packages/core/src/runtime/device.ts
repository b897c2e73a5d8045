import type { Graph } from '../graph/graph.ts'
import type { MemoryReport } from './memory-report.ts'
import type { Program } from './program.ts'

/** The kinds of device. `wasm` is the CPU of a browser. */
export type DeviceKind = 'cpu' | 'webgpu' | 'wasm' | 'cuda' | 'coreml' | 'directml'

/** Options for opening a device. */
export interface OpenDeviceOptions {
  /** Defaults to `auto`: the best of those that can be opened here, at last the CPU. */
  readonly kind?: 'auto' | DeviceKind
  /** Threads of one run on the CPU. Defaults to the cores of the machine. */
  readonly threads?: number
  /** Let threads wait actively between the parts of a run: faster steps, but busy cores. Defaults to true. */
  readonly spinning?: boolean
  /** What `compile` does by default with ops that the device has no kernel for. Defaults to `error`. */
  readonly unsupportedOps?: 'error' | 'cpu'
}

/** The bytes of a weight: an array, or a part of a file that is mapped without a copy where the platform can. */
export type WeightData =
  | { readonly kind: 'memory'; readonly data: ArrayBufferView }
  | { readonly kind: 'file'; readonly path: string; readonly offset: number; readonly length: number }

/** Options of `Device.compile`. */
export interface CompileOptions {
  /** The bytes of each weight that the graph declares. */
  readonly weights?: ReadonlyMap<string, WeightData>
  /** Outputs that stay on the device as `DeviceTensor`. */
  readonly keepOnDevice?: readonly string[]
  /** Re-layout constant weights for speed, at the price of a second copy of them. Defaults to true. */
  readonly prepack?: boolean
  /** Keep an arena of freed blocks for later runs. Faster, more memory. Defaults to false. */
  readonly memoryArena?: boolean
  /** What happens to ops that the device has no kernel for: an error, or the CPU with copies both ways. Defaults to the device's own. */
  readonly unsupportedOps?: 'error' | 'cpu'
  readonly signal?: AbortSignal
}

/** Something that runs graphs. */
export interface Device extends AsyncDisposable {
  readonly kind: DeviceKind
  /** Threads of one run. */
  readonly threads: number
  /** A graph made ready to run; compiling the same graph with the same weights again shares the work. */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>
  /** Sizes of the programs alive. */
  memoryReport(): MemoryReport
  /** Closes the programs that are still open, waiting for runs in flight. Idempotent. */
  close(): Promise<void>
}
