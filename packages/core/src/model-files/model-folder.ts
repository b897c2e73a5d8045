import type { JsonObject, JsonValue } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import type { ByteSource } from '../weights/byte-source.ts'

/** The files of a model by their paths in its folder, wherever they lie. */
export interface ModelFolder {
  /** What it is called in messages. */
  readonly name: string
  /** Opens a file; undefined when there is none. */
  open(path: string): Promise<ByteSource | undefined>
}

const largestJson = 1 << 27

/** Reads a text file whole; undefined when there is none. */
export async function readText(folder: ModelFolder, path: string, signal?: AbortSignal): Promise<string | undefined> {
  const source = await folder.open(path)
  if (!source) return undefined
  try {
    if (source.size > largestJson)
      throw new FileFormatError({
        file: source.name,
        format: 'text',
        problem: `it is larger than ${largestJson} bytes`,
      })
    const bytes = await source.read(0, source.size, signal)
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch (error) {
      throw new FileFormatError({ file: source.name, format: 'text', problem: 'it is not UTF-8', cause: error })
    }
  } finally {
    await source.close()
  }
}

/** Reads a JSON file; undefined when there is none. */
export async function readJson(
  folder: ModelFolder,
  path: string,
  signal?: AbortSignal,
): Promise<JsonValue | undefined> {
  const text = await readText(folder, path, signal)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as JsonValue
  } catch (error) {
    throw new FileFormatError({
      file: `${folder.name}/${path}`,
      format: 'JSON',
      problem: error instanceof Error ? error.message.slice(0, 200) : 'it does not parse',
      cause: error,
    })
  }
}

/** Reads a JSON file that holds an object; undefined when there is none. */
export async function readJsonObject(
  folder: ModelFolder,
  path: string,
  signal?: AbortSignal,
): Promise<JsonObject | undefined> {
  const value = await readJson(folder, path, signal)
  if (value === undefined || (typeof value === 'object' && value !== null && !Array.isArray(value))) return value
  throw new FileFormatError({ file: `${folder.name}/${path}`, format: 'JSON', problem: 'it does not hold an object' })
}
