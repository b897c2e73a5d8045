/** @file The forms in which a linear layer is computed. */

/** How a product with a weight is computed. */
export type LinearForm =
  /** float32 weights in the Hugging Face layout. */
  | { readonly kind: 'float32' }
  /** Blocks of 4 or 8 bits; accuracy level 4 lets the kernel use int8 activations, 0 keeps float32. */
  | {
      readonly kind: 'packed'
      readonly bits: 4 | 8
      readonly blockSize: number
      readonly corrected: boolean
      readonly quantise: boolean
      readonly accuracyLevel: 0 | 4
    }
  /** int8 weights per row, int8 activations per token: in one pass, or with a second pass over what the first rounded off. */
  | { readonly kind: 'int8'; readonly passes: 1 | 2 }

/** What a linear layer does in a decoder layer. */
export type LinearRole = 'query-key-value' | 'attention-output' | 'gate-up' | 'down' | 'head'

/** Chooses the form of a product whose sources are concatenated rows, or are asked for alone. */
export type ChooseForm = (role: LinearRole, sources: readonly string[]) => LinearForm

/** A linear layer: rows of a matrix, perhaps with a bias. */
export interface LinearPart {
  /** Name without `.weight` and `.bias`. */
  readonly name: string
  readonly rows: number
  readonly bias: boolean
}

/** Several linear layers of one input. */
export interface LinearGroup {
  readonly role: LinearRole
  readonly columns: number
  readonly parts: readonly LinearPart[]
  /** The norm before it, folded in where the stream is rotated. */
  readonly norm?: string
  /** The side on which the rotation of the stream enters. */
  readonly rotate?: 'columns' | 'rows'
}
