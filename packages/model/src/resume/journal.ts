import type { JsonValue } from '../capability/json-value.ts'

/** An append-only record of finished steps, by which long work is resumed. */
export interface Journal {
  /** The value recorded for a key, or undefined. */
  get(key: string): Promise<JsonValue | undefined>
  /** Records a finished step; durable when the promise resolves. */
  append(key: string, value: JsonValue): Promise<void>
  close(): Promise<void>
}
