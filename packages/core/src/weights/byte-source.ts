/** Random access to the bytes of a file, a blob, or a file behind an address. Reading is separate from parsing. */
export interface ByteSource {
  /** Size in bytes. */
  readonly size: number
  /** Path, address or name, for messages. */
  readonly name: string
  /** Where the file lies on this machine; missing for anything that is not a plain local file. */
  readonly path?: string
  /**
   * Exactly `length` bytes from `offset`.
   *
   * @throws FileFormatError when the range does not lie inside the source.
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>
  close(): Promise<void>
}
