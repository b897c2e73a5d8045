import { asyncDispose, DisposeGuard } from '@lc/model/dispose'
import { checkFeeds, checkFetches, type Signature } from './check-feeds.ts'
import type { OrtBackend } from './ort-backend.ts'
import type { OrtSession, OrtTensor } from './ort-module.ts'
import { OrtDeviceTensor, toHost, toOrt } from './ort-tensor.ts'
import type { Program, RunOptions } from './program.ts'
import type { HostTensor, Tensor } from './tensor.ts'

/** A graph as a session of ONNX Runtime. */
export class OrtProgram implements Program {
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly #backend: OrtBackend
  readonly #session: OrtSession
  readonly #inputTypes: Signature
  readonly #outputTypes: Signature
  readonly #guard: DisposeGuard
  /** What was fed before: a cache feeds the same arrays at every step. */
  readonly #fed = new WeakMap<Tensor, OrtTensor>()

  constructor(fields: {
    name: string
    backend: OrtBackend
    session: OrtSession
    inputs: Signature
    outputs: Signature
    /** Called once, when this owner has closed the program. */
    release: () => Promise<void>
  }) {
    this.name = fields.name
    this.inputs = [...fields.inputs.keys()]
    this.outputs = [...fields.outputs.keys()]
    this.#backend = fields.backend
    this.#session = fields.session
    this.#inputTypes = fields.inputs
    this.#outputTypes = fields.outputs
    this.#guard = new DisposeGuard(`the program ${fields.name}`, fields.release)
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    options: RunOptions = {},
  ): Promise<Record<string, HostTensor>> {
    const results = await this.runOnDevice(feeds, fetches, options)
    const read: Record<string, HostTensor> = {}
    for (const [name, tensor] of Object.entries(results)) {
      if ('data' in tensor) read[name] = tensor
      else {
        read[name] = await tensor.read()
        tensor.close()
      }
    }
    return read
  }

  runOnDevice(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    options: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    return this.#guard.use(async () => {
      options.signal?.throwIfAborted()
      checkFeeds(this.name, this.#inputTypes, feeds)
      checkFetches(this.name, this.#outputTypes, fetches)
      const tensors: Record<string, OrtTensor> = {}
      for (const name of Object.keys(feeds)) tensors[name] = this.#native(feeds[name]!)
      const results = await this.#backend.runSession(this.name, this.#session, tensors, fetches)
      const wrapped: Record<string, Tensor> = {}
      for (const name of fetches) wrapped[name] = this.#wrap(name, results[name]!)
      return wrapped
    })
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  #native(feed: Tensor): OrtTensor {
    // a tensor on the device may be closed meanwhile
    if (!('data' in feed)) return toOrt(this.#backend, feed)
    const known = this.#fed.get(feed)
    if (known) return known
    const made = toOrt(this.#backend, feed)
    this.#fed.set(feed, made)
    return made
  }

  #wrap(name: string, tensor: OrtTensor): Tensor {
    const { dtype } = this.#outputTypes.get(name)!
    return tensor.location === 'gpu-buffer' ? new OrtDeviceTensor(this.#backend, dtype, tensor) : toHost(dtype, tensor)
  }
}
