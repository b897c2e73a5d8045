/** @file Where an export goes: a folder on disk, or anything else that takes files. */

/** Takes the files of an exported model. */
export interface ExportFolder {
  /**
   * Writes a file whole or not at all; `path` is relative, with `/`.
   *
   * @param content text, or the bytes in parts, made while the file is written
   */
  write(path: string, content: string | AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<void>
  /** The text of a file that is there already; undefined for none. */
  readText(path: string): Promise<string | undefined>
}
