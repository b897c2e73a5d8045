import type { JsonValue } from '../capability/json-value.ts'
import type { Usage } from '../capability/language-model.ts'
import type { ProgressEvent } from '../capability/progress-event.ts'
import type { Source } from '../passage/passage.ts'

/** What happens while a pipeline runs. A closed union; every event survives JSON. */
export type RunEvent =
  | ProgressEvent
  | { type: 'stage-start'; stage: string; at: number }
  | { type: 'stage-delta'; stage: string; text: string }
  | { type: 'stage-end'; stage: string; at: number; ms: number; outcome: 'done' | 'failed' | 'aborted' }
  | { type: 'passage-kept'; stage: string; id: string; source: Source; tokens?: number; score?: number }
  | { type: 'passage-dropped'; stage: string; id: string; source: Source; reason: string; score?: number }
  | { type: 'model-call'; stage: string; model: string; usage: Usage; ms: number; detail?: JsonValue }
