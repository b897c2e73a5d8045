import type { AlignedText } from '../text/aligned-text.ts'
import type { TokenSink } from './token-sink.ts'

/** Turns one piece of pre-split text into tokens. */
export interface TokenModel {
  encode(piece: AlignedText, sink: TokenSink): void
}
