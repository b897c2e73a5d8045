/** Where in a JSON number a byte is awaited. */
export type NumberPart = 'start' | 'minus' | 'zero' | 'digits' | 'point' | 'fraction' | 'e' | 'sign' | 'exponent'

type ByteClass = '-' | '+' | '.' | 'e' | '0' | '1-9'

/** RFC 8259, section 6. */
const next: Readonly<Record<NumberPart, Partial<Record<ByteClass, NumberPart>>>> = {
  start: { '-': 'minus', '0': 'zero', '1-9': 'digits' },
  minus: { '0': 'zero', '1-9': 'digits' },
  zero: { '.': 'point', e: 'e' },
  digits: { '0': 'digits', '1-9': 'digits', '.': 'point', e: 'e' },
  point: { '0': 'fraction', '1-9': 'fraction' },
  fraction: { '0': 'fraction', '1-9': 'fraction', e: 'e' },
  e: { '-': 'sign', '+': 'sign', '0': 'exponent', '1-9': 'exponent' },
  sign: { '0': 'exponent', '1-9': 'exponent' },
  exponent: { '0': 'exponent', '1-9': 'exponent' },
}

/** The part after a byte; undefined where the byte does not belong to a number here. */
export function stepNumber(part: NumberPart, byte: number, integer: boolean): NumberPart | undefined {
  const kind = classOf(byte)
  const after = kind && next[part][kind]
  return integer && (after === 'point' || after === 'e') ? undefined : after
}

function classOf(byte: number): ByteClass | undefined {
  if (byte > 0x30 && byte <= 0x39) return '1-9'
  const char = String.fromCharCode(byte)
  if (char === 'E') return 'e'
  return char === '-' || char === '+' || char === '.' || char === 'e' || char === '0' ? char : undefined
}

/** Whether a number may end after this part. */
export function numberMayEnd(part: NumberPart): boolean {
  return part === 'zero' || part === 'digits' || part === 'fraction' || part === 'exponent'
}
