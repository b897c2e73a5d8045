/** A hash that is fed piece by piece. */
export interface StreamingHash {
  update(bytes: Uint8Array): void
  /** The digest in lower-case hex. Ends the hash. */
  hex(): string
}
