/** Where in a JSON string a byte is awaited, after the opening quote. */
export interface StringPart {
  /** Code points so far. */
  readonly length: number
  readonly at: 'text' | 'escape' | 'hex' | 'continuation'
  /** Hexadecimal digits or continuation bytes that must follow. */
  readonly pending: number
  readonly closed: boolean
}

/** The part after a byte; undefined where no string goes on like this. */
export function stepString(part: StringPart, byte: number): StringPart | undefined {
  const text = (length: number): StringPart => ({ length, at: 'text', pending: 0, closed: false })
  switch (part.at) {
    case 'text':
      return stepText(part, byte)
    case 'escape':
      if (byte === 0x75) return { ...part, at: 'hex', pending: 4 }
      return '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? text(part.length + 1) : undefined
    case 'hex':
      if (!/[0-9a-fA-F]/.test(String.fromCharCode(byte))) return undefined
      return part.pending > 1 ? { ...part, pending: part.pending - 1 } : text(part.length + 1)
    case 'continuation':
      if (byte < 0x80 || byte > 0xbf) return undefined
      return part.pending > 1 ? { ...part, pending: part.pending - 1 } : text(part.length + 1)
  }
}

function stepText(part: StringPart, byte: number): StringPart | undefined {
  if (byte === 0x22) return { ...part, closed: true }
  if (byte === 0x5c) return { ...part, at: 'escape' }
  if (byte < 0x20) return undefined
  if (byte < 0x80) return { ...part, length: part.length + 1 }
  const pending = byte >= 0xf0 && byte < 0xf5 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc2 ? 1 : 0
  return pending > 0 && byte < 0xf5 ? { ...part, at: 'continuation', pending } : undefined
}
