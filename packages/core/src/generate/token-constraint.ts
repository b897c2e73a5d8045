/** What an output may be, token by token. */
export interface TokenConstraint {
  /** Whether the output may go on with these bytes. */
  allows(bytes: Uint8Array): boolean
  /** Goes on with them. */
  push(bytes: Uint8Array): void
  /** Whether the output may end here. */
  readonly complete: boolean
  /** Whether nothing can follow. */
  readonly finished: boolean
}
