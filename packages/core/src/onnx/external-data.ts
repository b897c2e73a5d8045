import { checkArgument, checkInteger, checkString } from '@lc/model/check'

/** Where the bytes of a weight lie outside the model: `location` is a relative path, or a name that the runtime resolves. */
export interface ExternalLocation {
  readonly location: string
  /** Byte offset; no alignment is needed. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
}

/** Checks a location and that it has as many bytes as the weight needs. */
export function checkExternalLocation(name: string, location: ExternalLocation, expectedBytes: number): void {
  checkString(location.location, `location of ${name}`)
  checkInteger(location.offset, `offset of ${name}`, { min: 0 })
  const fits = location.length === expectedBytes
  checkArgument(fits, `length of ${name}`, location.length, `${expectedBytes} bytes, as its shape says`)
}
