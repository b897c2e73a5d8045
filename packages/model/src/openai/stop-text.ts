/** @file Ends text before a stop string: some servers leave it in the answer (`transformers serve` 5.23). */
import type { Choice, StreamPart } from '../capability/language-model.ts'

/** The answer up to the first stop string. */
export function cutChoice(choice: Choice, stops: readonly string[]): Choice {
  const end = firstStop(choice.text, stops)
  if (end < 0) return choice
  const { ids: _, ...rest } = choice
  let position = 0
  const logprobs = choice.logprobs?.filter((entry) => {
    const start = position
    position += entry.token.length
    return start < end
  })
  return { ...rest, text: choice.text.slice(0, end), finishReason: 'stop', ...(logprobs ? { logprobs } : {}) }
}

/** The parts up to the first stop string; text that may be the beginning of one waits. */
export async function* cutParts(
  parts: AsyncIterable<StreamPart>,
  stops: readonly string[],
): AsyncGenerator<StreamPart, void, undefined> {
  const cutter = new StopCutter(stops)
  for await (const part of parts) {
    if (part.type === 'text-delta') {
      if (cutter.stopped) continue
      const text = cutter.push(part.text)
      if (text !== '' || part.logprob) yield { ...part, text }
      continue
    }
    const rest = cutter.flush()
    if (rest !== '') yield { type: 'text-delta', text: rest }
    yield part.type === 'finish' && cutter.stopped ? { ...part, finishReason: 'stop' } : part
  }
}

/** Lets text pass until a stop string begins. */
class StopCutter {
  readonly #stops: readonly string[]
  #held = ''
  stopped = false

  constructor(stops: readonly string[]) {
    this.#stops = stops
  }

  push(delta: string): string {
    const text = this.#held + delta
    const end = firstStop(text, this.#stops)
    this.stopped = end >= 0
    const passed = this.stopped ? end : text.length - longestBeginning(text, this.#stops)
    this.#held = this.stopped ? '' : text.slice(passed)
    return text.slice(0, passed)
  }

  /** What waited in vain. */
  flush(): string {
    const rest = this.#held
    this.#held = ''
    return rest
  }
}

/** Where the stop string begins that is complete first, as generation would meet it; the longest of those that end there. */
function firstStop(text: string, stops: readonly string[]): number {
  let first = { start: -1, end: Number.POSITIVE_INFINITY }
  for (const stop of stops) {
    const start = text.indexOf(stop)
    const end = start + stop.length
    if (start >= 0 && (end < first.end || (end === first.end && start < first.start))) first = { start, end }
  }
  return first.start
}

/** The length of the longest end of the text that begins a stop string. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--)
      if (text.endsWith(stop.slice(0, length))) longest = length
  return longest
}
