import type { HostTensor, Tensor } from './tensor.ts'

/** Options of one run. */
export interface RunOptions {
  /** Checked before the run starts; a run itself is not interrupted. */
  readonly signal?: AbortSignal
}

/** A compiled graph. */
export interface Program extends AsyncDisposable {
  /** Names of the inputs that must be fed. */
  readonly inputs: readonly string[]
  /** Names of the outputs that can be fetched. */
  readonly outputs: readonly string[]
  /**
   * Runs the graph and gives the outputs asked for, and only these. On the CPU of Node the JavaScript thread waits meanwhile.
   * @throws ShapeError, InvalidArgumentError where feeds or fetches do not fit the graph; DisposedError after `close`.
   */
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    options?: RunOptions,
  ): Promise<Record<string, HostTensor>>
  /** As `run`, but outputs named in `keepOnDevice` at compilation come as they are. */
  runOnDevice(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    options?: RunOptions,
  ): Promise<Record<string, Tensor>>
  /** Frees the program when no run is in flight. Idempotent. */
  close(): Promise<void>
}
