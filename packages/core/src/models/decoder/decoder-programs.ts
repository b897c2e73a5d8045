import type { Accuracy, CallOptions } from '@lc/model'
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
import { type DecoderProgramKind, planForms } from './plan-forms.ts'
import type { DecoderGraph } from './weight-recipe.ts'

/** Which program is wanted. */
export interface ProgramRequest {
  readonly kind: DecoderProgramKind
  readonly accuracy: Accuracy
  /** Only the first layers. Defaults to all. */
  readonly layers?: number
}

/** Fields of `DecoderPrograms`. */
export interface DecoderProgramsFields {
  readonly config: DecoderConfig
  readonly files: Pick<ModelFiles, 'weights' | 'hash' | 'name'>
  readonly device: Device
  readonly attention: AttentionPattern
  readonly store?: ConvertedWeightsStore | undefined
}

/** The programs of one decoder, compiled when they are first needed and kept. */
export class DecoderPrograms {
  readonly #fields: DecoderProgramsFields
  readonly #programs = new Map<string, Promise<Program>>()
  readonly #guard: DisposeGuard

  constructor(fields: DecoderProgramsFields) {
    this.#fields = fields
    this.#guard = new DisposeGuard(`the model ${fields.files.name}`, () => this.#closeAll())
  }

  /** The program, compiled now if it is not there yet. A failed or aborted compilation is tried again next time. */
  get(request: ProgramRequest, options: CallOptions = {}): Promise<Program> {
    return this.#guard.use(async () => {
      const key = `${request.kind} ${request.accuracy} ${request.layers ?? 'all'}`
      const known = this.#programs.get(key)
      if (known) return known
      const made = this.#compile(request, options)
      this.#programs.set(key, made)
      made.catch(() => {
        if (this.#programs.get(key) === made) this.#programs.delete(key)
      })
      return made
    })
  }

  close(): Promise<void> {
    return this.#guard.close()
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
    return device.compile(graph, { weights, memoryArena: request.kind === 'step', ...(signal && { signal }) })
  }

  #build({ kind, accuracy, layers }: ProgramRequest): DecoderGraph {
    const { config, files, device, attention } = this.#fields
    const plan = planForms({ config, weights: files.weights, device: device.kind, kind, accuracy })
    if (kind === 'head') return buildHeadGraph(config, plan)
    return buildDecoderGraph(config, {
      ...plan,
      attention,
      mode: kind === 'prefill' ? 'fused' : kind,
      head: kind === 'step',
      ...(layers !== undefined && { layers }),
    })
  }

  async #closeAll(): Promise<void> {
    for (const program of this.#programs.values()) {
      const compiled = await program.catch(() => undefined)
      await compiled?.close()
    }
    this.#programs.clear()
  }
}
