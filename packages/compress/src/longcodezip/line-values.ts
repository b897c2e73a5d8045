/** @file log2 perplexity of each line of chosen units, from one forward pass per unit. */
import { isBlankLine, type LineRange } from '../code/source-lines.ts'
import type { CodeDocument, DocumentUnit } from '../documents/code-document.ts'
import { lineNlls } from '../score/line-nll.ts'
import type { ResolvedLongCodeZipOptions } from './options.ts'
import { contextTokenLogprobs } from './rank-units.ts'
import type { UnitScores } from './score-units.ts'

/** For each chosen unit the log2 perplexity of its lines given the lines before; blank lines are 0. */
export async function lineValues(
  documents: readonly CodeDocument[],
  units: readonly DocumentUnit[],
  scores: UnitScores,
  chosen: readonly number[],
  options: ResolvedLongCodeZipOptions,
): Promise<Map<number, Float64Array>> {
  const { tokenizer } = options.scorer
  const missing = chosen.filter((index) => !scores.tokenLogprobs[index])
  const encoded = new Map(chosen.map((index) => [index, tokenizer.encode(units[index]!.text)]))
  const read = await contextTokenLogprobs(
    options.scorer,
    missing.map((index) => encoded.get(index)!.ids),
    options,
  )
  const fresh = new Map(missing.map((index, at) => [index, read[at]!]))
  return new Map(
    chosen.map((index) => {
      const logprobs = scores.tokenLogprobs[index] ?? fresh.get(index)!
      const { document, unit } = units[index]!
      const owner = documents[document]!
      const nlls = lineNlls(encoded.get(index)!.spans, logprobs, lineStarts(owner, unit.lines))
      return [index, log2Perplexities(owner, unit.lines, nlls)]
    }),
  )
}

function lineStarts({ outline: { lines } }: CodeDocument, { from, to }: LineRange): Uint32Array {
  return lines.starts.slice(from, to).map((start) => start - lines.starts[from]!)
}

function log2Perplexities({ outline: { lines } }: CodeDocument, { from }: LineRange, nlls: Float64Array): Float64Array {
  return nlls.map((nll, line) => (isBlankLine(lines, from + line) ? 0 : nll / Math.LN2))
}
