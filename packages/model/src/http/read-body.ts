/** @file Bodies read with a limit, so that no server can fill our memory. */
import { withAbort } from '../abort/with-abort.ts'

/** A body, or the fact that it is longer than allowed; then `text` is what fitted. */
export interface BoundedText {
  text: string
  complete: boolean
}

/** Reads at most `limitBytes` of a body as UTF-8 and cancels the rest. Rejects with the reason of the signal. */
export async function readText(response: Response, limitBytes: number, signal: AbortSignal): Promise<BoundedText> {
  if (response.body === null) return { text: '', complete: true }
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let size = 0
  try {
    for (;;) {
      const { done, value } = await withAbort(reader.read(), signal)
      if (done) return { text: text + decoder.decode(), complete: true }
      size += value.byteLength
      if (size > limitBytes) {
        const fits = value.subarray(0, value.byteLength - (size - limitBytes))
        return { text: text + decoder.decode(fits), complete: false }
      }
      text += decoder.decode(value, { stream: true })
    }
  } finally {
    // frees the connection; a no-op after the end
    reader.cancel().catch(() => undefined)
  }
}
