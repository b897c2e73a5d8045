import type { Tokenizer } from '@lc/model'

/** The special tokens that a model puts around one text. */
export interface SpecialFrame {
  readonly before: Uint32Array
  readonly after: Uint32Array
}

/** Finds out what a tokenizer adds around a text, by letting it do so. */
export function specialFrame(tokenizer: Tokenizer): SpecialFrame {
  const framed = tokenizer.encode('a', { special: 'model' }).ids
  const plain = tokenizer.encode('a').ids
  for (let start = 0; start + plain.length <= framed.length; start += 1)
    if (plain.every((id, index) => framed[start + index] === id))
      return { before: framed.slice(0, start), after: framed.slice(start + plain.length) }
  return { before: new Uint32Array(0), after: new Uint32Array(0) }
}

/** Ids of a text inside its frame. */
export function frameIds(frame: SpecialFrame, ids: ArrayLike<number>): Uint32Array {
  const framed = new Uint32Array(frame.before.length + ids.length + frame.after.length)
  framed.set(frame.before)
  framed.set(ids, frame.before.length)
  framed.set(frame.after, frame.before.length + ids.length)
  return framed
}
