/** @file The examples of the encoding guide of Protocol Buffers, and its edges. */
import { expect, test } from 'vitest'
import { ProtobufWriter } from './protobuf-writer.ts'

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')

test.each<[string, (writer: ProtobufWriter) => unknown, string]>([
  ['an integer', (writer) => writer.integer(1, 150), '08 96 01'],
  ['a string', (writer) => writer.string(2, 'testing'), '12 07 74 65 73 74 69 6e 67'],
  ['a message', (writer) => writer.message(3, (inner) => inner.integer(1, 150)), '1a 03 08 96 01'],
  ['a negative integer', (writer) => writer.integer(1, -2), '08 fe ff ff ff ff ff ff ff ff 01'],
  ['zero', (writer) => writer.integer(1, 0), '08 00'],
  ['the largest int64', (writer) => writer.integer(1, 2n ** 63n - 1n), '08 ff ff ff ff ff ff ff ff 7f'],
  ['an integer above 32 bits', (writer) => writer.integer(1, 2 ** 40), '08 80 80 80 80 80 20'],
  ['a float', (writer) => writer.float(2, 1.5), '15 00 00 c0 3f'],
  ['a field number above 15', (writer) => writer.integer(20, 1), 'a0 01 01'],
])('writes %s', (_, write, expected) => {
  const writer = new ProtobufWriter()
  write(writer)
  expect(hex(writer.finish())).toBe(expected)
})

test('grows with what is written', () => {
  const bytes = new Uint8Array(100_000).fill(7)
  const written = new ProtobufWriter().bytes(1, bytes).finish()
  expect(written.length).toBe(100_004)
  expect(written.subarray(4)).toEqual(bytes)
})
