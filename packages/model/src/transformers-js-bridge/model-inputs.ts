/** @file Model inputs of given ids: tensors of the class that the tokenizer itself uses, so that the package is not needed. */
import { InternalError } from '../errors/internal-error.ts'
import type { LoadedEncoding, LoadedTokenizer } from './loaded-objects.ts'

/** The inputs of a batch, padded on the right to the longest row. */
export function modelInputs(tokenizer: LoadedTokenizer, rows: readonly (readonly number[])[]): LoadedEncoding {
  const sample = tokenizer(['x'], { add_special_tokens: false, padding: false, truncation: false })
  const Tensor = sample.input_ids.constructor as new (
    type: string,
    data: BigInt64Array,
    dims: number[],
  ) => LoadedEncoding['input_ids']
  const { pad_token_id: pad } = tokenizer as { pad_token_id?: unknown }
  const length = Math.max(...rows.map((row) => row.length))
  const fill = (numberAt: (row: readonly number[], index: number) => number) => {
    const data = new BigInt64Array(rows.length * length)
    for (const [at, row] of rows.entries())
      for (let index = 0; index < length; index++) data[at * length + index] = BigInt(numberAt(row, index))
    return new Tensor('int64', data, [rows.length, length])
  }
  return {
    input_ids: fill((row, index) => row[index] ?? (typeof pad === 'number' ? pad : 0)),
    attention_mask: fill((row, index) => (index < row.length ? 1 : 0)),
    ...('token_type_ids' in sample ? { token_type_ids: fill(() => 0) } : {}),
  }
}

/** The tokens that a model expects before and after every text, such as `[CLS]` and `[SEP]`. */
export function specialFrame(tokenizer: LoadedTokenizer): { before: number[]; after: number[] } {
  const plain = tokenizer.encode('x', { add_special_tokens: false })
  const framed = tokenizer.encode('x', { add_special_tokens: true })
  for (let start = 0; start + plain.length <= framed.length; start++)
    if (plain.every((id, offset) => framed[start + offset] === id))
      return { before: framed.slice(0, start), after: framed.slice(start + plain.length) }
  throw new InternalError({ invariant: 'a text with special tokens holds the tokens of the text' })
}
