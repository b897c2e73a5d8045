import type { Accuracy, CallOptions } from '@lc/model'
import { withAbort } from '@lc/model/abort'
import { DisposeGuard } from '@lc/model/dispose'
import type { ModelFiles } from '../../model-files/model-files.ts'
import type { Device } from '../../runtime/device.ts'
import type { Program } from '../../runtime/program.ts'
import type { ConvertedWeightsStore } from '../../weights/converted-weights.ts'
import { loadWeights } from '../load-weights.ts'
import type { AttentionPattern } from './attention-pattern.ts'
import type { DecoderConfig } from './decoder-config.ts'
import { buildDecoderGraph } from './decoder-graph.ts'
import { buildHeadGraph } from './head-graph.ts'
import type { PastForm } from './past-inputs.ts'
import { type DecoderProgramKind, planForms } from './plan-forms.ts'
import type { DecoderGraph } from './weight-recipe.ts'

/** Which program is wanted. */
export interface ProgramRequest {
  readonly kind: DecoderProgramKind
  readonly accuracy: Accuracy
  /** Only the first layers. Defaults to all. */
  readonly layers?: number
  /** A step with one bias for all layers. */
  readonly sharedBias?: boolean
  /** How the cache is given. Defaults to float32, all layers alike. */
  readonly past?: PastForm
  /** Which of the attention pattern's graphs. Defaults to the one without a name. */
  readonly variant?: string
}

/** Fields of `DecoderPrograms`. */
export interface DecoderProgramsFields {
  readonly config: DecoderConfig
  readonly files: Pick<ModelFiles, 'weights' | 'hash' | 'name'>
  readonly device: Device
  readonly attention: AttentionPattern
  readonly store?: ConvertedWeightsStore | undefined
}

/** A program on its way, or ready. */
interface ProgramEntry {
  readonly program: Promise<Program>
  readonly controller: AbortController
  /** Callers that wait for it. */
  waiting: number
}

/** The programs of one decoder, compiled when they are first needed and kept. */
export class DecoderPrograms {
  readonly #fields: DecoderProgramsFields
  readonly #programs = new Map<string, ProgramEntry>()
  readonly #guard: DisposeGuard

  constructor(fields: DecoderProgramsFields) {
    this.#fields = fields
    this.#guard = new DisposeGuard(`the model ${fields.files.name}`, () => this.#closeAll())
  }

  /**
   * The program, compiled now if it is not there yet. Callers that want the same one share the work, which stops when all of them have
   * gone; a failed or stopped compilation is tried again next time.
   */
  get(request: ProgramRequest, options: CallOptions = {}): Promise<Program> {
    return this.#guard.use(async () => {
      const { signal } = options
      const entry = this.#entryFor(request, options)
      entry.waiting++
      try {
        return await withAbort(entry.program, signal)
      } finally {
        entry.waiting--
        if (entry.waiting === 0 && signal?.aborted) entry.controller.abort(signal.reason)
      }
    })
  }

  /** Programs that were asked for so far: each took its time to compile, and holds its own copy of weights in the order of the kernels. */
  get count(): number {
    return this.#programs.size
  }

  close(): Promise<void> {
    return this.#guard.close()
  }

  #entryFor(request: ProgramRequest, { onProgress }: CallOptions): ProgramEntry {
    const { kind, accuracy, layers, sharedBias, past, variant } = request
    const form = past ? `${past.format} ${past.layout}` : 'float32 alike'
    const key = [kind, accuracy, layers ?? 'all', sharedBias ?? false, form, variant].join(' ')
    const known = this.#programs.get(key)
    if (known && !known.controller.signal.aborted) return known
    const controller = new AbortController()
    const program = this.#compile(request, { signal: controller.signal, onProgress })
    const entry: ProgramEntry = { program, controller, waiting: 0 }
    this.#programs.set(key, entry)
    program.catch(() => {
      if (this.#programs.get(key) === entry) this.#programs.delete(key)
    })
    return entry
  }

  async #compile(request: ProgramRequest, options: CallOptions): Promise<Program> {
    const { device, files, store } = this.#fields
    const { graph, recipes } = this.#build(request)
    const { signal, onProgress } = options
    const weights = await loadWeights(recipes, {
      weights: files.weights,
      hash: files.hash,
      device,
      store,
      signal,
      onProgress,
    })
    // an arena makes a step a twentieth faster, and a prompt no faster but a hundred megabytes larger
    return device.compile(graph, {
      weights,
      memoryArena: request.kind === 'step' || request.kind === 'verify',
      ...(signal && { signal }),
    })
  }

  #build({ kind, accuracy, layers, sharedBias = false, past, variant }: ProgramRequest): DecoderGraph {
    const { config, files, device, attention } = this.#fields
    const plan = planForms({ config, weights: files.weights, device: device.kind, kind, accuracy })
    if (kind === 'head') return buildHeadGraph(config, plan)
    return buildDecoderGraph(config, {
      ...plan,
      attention,
      mode: kind === 'prefill' ? 'fused' : kind === 'step' ? 'step' : 'open',
      head: kind === 'step' || kind === 'verify',
      sharedBias,
      ...(past && { past }),
      ...(layers !== undefined && { layers }),
      ...(variant !== undefined && { variant }),
    })
  }

  async #closeAll(): Promise<void> {
    for (const { program } of this.#programs.values()) {
      const compiled = await program.catch(() => undefined)
      await compiled?.close()
    }
    this.#programs.clear()
  }
}
