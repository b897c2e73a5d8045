import type { JsonValue } from '../capability/json-value.ts'
import type { Usage } from '../capability/language-model.ts'
import type { Message } from '../capability/message.ts'
import type { Passage } from '../passage/passage.ts'

/** An answer, and the passages it was given. */
export interface Answer {
  text: string
  model?: string
  passageIds?: string[]
}

/** What a stage says about its work; plain data. */
export interface StageReport {
  stage: string
  ms: number
  detail: JsonValue
}

/** What flows through a pipeline. */
export interface ContextState {
  query?: string
  messages?: Message[]
  passages: Passage[]
  answer?: Answer
  usage?: Usage
  reports: StageReport[]
}
