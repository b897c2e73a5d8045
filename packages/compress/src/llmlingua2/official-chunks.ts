/** @file Tokens as text, and texts in chunks that the encoder reads at once, as the released program makes them. */
import { chunkTokens, type ResolvedOfficial2Options } from './official-options.ts'

/** The tokens of a text as they stand in the vocabulary. */
export function tokensOf(text: string, { classifier }: ResolvedOfficial2Options): string[] {
  const { tokenizer } = classifier
  return Array.from(tokenizer.encodeRendered(text).ids, (id) => tokenizer.tokenOf(id) ?? '')
}

/** The text of tokens or of words made of them. */
export function textOf(tokens: readonly string[], { family }: ResolvedOfficial2Options): string {
  if (family === 'xlm-roberta') return tokens.map((token, at) => token.replaceAll('▁', at === 0 ? '' : ' ')).join('')
  return tokens
    .map((token, at) => withoutGaps(at === 0 ? token : token.startsWith('##') ? token.slice(2) : ` ${token}`))
    .join('')
}

const gaps = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const

/** WordPiece puts no space before signs and contractions. */
function withoutGaps(token: string): string {
  return gaps.reduce((text, [gap, closed]) => text.replaceAll(gap, closed), token)
}

/** Chunks of at most 510 tokens, or 511 where no token ends one; as text again, which the encoder's tokenizer then cuts anew. */
export function chunksOf(text: string, options: ResolvedOfficial2Options): string[] {
  const tokens = tokensOf(text, options)
  const room = chunkTokens - 2
  const chunks: string[] = []
  for (let from = 0; from < tokens.length; ) {
    let last = tokens.length - 1
    if (from + room <= last) {
      last = from + room
      for (let at = last; at > from; at--)
        if (options.chunkEnds.has(tokens[at]!)) {
          last = at
          break
        }
    }
    chunks.push(textOf(tokens.slice(from, last + 1), options))
    from = last + 1
  }
  return chunks
}

/** Replaces forced tokens by their stand-ins. */
export function withStandIns(text: string, { standIns }: ResolvedOfficial2Options): string {
  let replaced = text
  for (const [token, standIn] of standIns) replaced = replaced.replaceAll(token, () => standIn)
  return replaced
}

/** Replaces stand-ins by the tokens that they stand for. */
export function withoutStandIns(text: string, { standIns }: ResolvedOfficial2Options): string {
  let replaced = text
  for (const [token, standIn] of standIns) replaced = replaced.replaceAll(standIn, () => token)
  return replaced
}
