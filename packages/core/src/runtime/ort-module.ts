/** @file The part of the ONNX Runtime API that devices use, as `onnxruntime-node` and `onnxruntime-web` both have it. */

/** A tensor of ONNX Runtime. */
export interface OrtTensor {
  readonly type: string
  readonly dims: readonly number[]
  /** Only for tensors in JavaScript memory. */
  readonly data: unknown
  readonly location: string
  getData(releaseData?: boolean): Promise<unknown>
  dispose(): void
}

/** A session of ONNX Runtime. */
export interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches: readonly string[]): Promise<Readonly<Record<string, OrtTensor>>>
  release(): Promise<void>
}

/** Session options, as far as they are used; the rest is in the documentation of ONNX Runtime. */
export interface OrtSessionOptions {
  executionProviders: readonly (string | { readonly name: string })[]
  intraOpNumThreads?: number
  interOpNumThreads?: number
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all'
  executionMode?: 'sequential' | 'parallel'
  enableCpuMemArena?: boolean
  enableMemPattern?: boolean
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4
  externalData?: readonly { readonly path: string; readonly data: Uint8Array }[]
  preferredOutputLocation?: Readonly<Record<string, 'cpu' | 'gpu-buffer'>>
  extra?: Record<string, unknown>
}

/** The module itself. */
export interface OrtModule {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor
  readonly InferenceSession: { create(model: Uint8Array, options: OrtSessionOptions): Promise<OrtSession> }
}
