import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { schemaConstraint } from './schema-constraint.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Whether a text is accepted as a whole, byte by byte. */
function accepts(schema: Parameters<typeof schemaConstraint>[0], text: string): boolean {
  const constraint = schemaConstraint(schema, 'model')
  for (const byte of bytes(text)) {
    const one = Uint8Array.of(byte)
    if (!constraint.allows(one)) return false
    constraint.push(one)
  }
  return constraint.complete
}

const person = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1 },
    age: { type: 'integer' },
    tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 2 },
  },
  required: ['name'],
  additionalProperties: false,
}

describe('schemaConstraint', () => {
  test.each([
    ['{"name": "Ada"}', true],
    ['{"name":"Ada","age":36}', true],
    ['{\n  "name": "Ada",\n  "tags": ["a", "b"]\n}', true],
    ['{"name": "Zoë \\u00e9 \\n"}', true],
    ['{"name": ""}', false],
    ['{"age": 36}', false],
    ['{"name": "Ada", "age": 36.5}', false],
    ['{"name": "Ada", "name": "Bob"}', false],
    ['{"name": "Ada", "other": 1}', false],
    ['{"name": "Ada", "tags": ["a", "b", "a"]}', false],
    ['{"name": "Ada", "tags": ["c"]}', false],
    ['{"name": "Ada",}', false],
    ['{"name": "Ada"', false],
    ['{"name": "Ada"} ', false],
    ['{"name"  : "Ada"}', false],
    ['{"name": "A\tda"}', false],
  ])('%j for a person: %s', (text, expected) => {
    expect(accepts(person, text)).toBe(expected)
  })

  test.each([
    [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, '-1.5e+3', true],
    [{ anyOf: [{ type: 'number' }, { type: 'null' }] }, 'null', true],
    [{ type: ['string', 'boolean'] }, 'true', true],
    [{ type: ['string', 'boolean'] }, '1', false],
    [{ type: 'number' }, '01', false],
    [{ type: 'number' }, '-', false],
    [{ const: { a: [1] } }, '{"a":[1]}', true],
    [{ type: 'string', maxLength: 3 }, '"äöü"', true],
    [{ type: 'string', maxLength: 3 }, '"äöüß"', false],
    [{ type: 'array', items: { type: 'integer' }, minItems: 2 }, '[1]', false],
    [{ type: 'array', items: { type: 'integer' }, minItems: 2 }, '[1, 2]', true],
    [{ type: 'object', properties: { a: true }, required: ['b'] }, '{"b": {"c": [null, 1.5, "x"]}}', true],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, '{"x": 1, "y": 2}', true],
    [{ type: 'object', additionalProperties: { type: 'integer' } }, '{"x": "1"}', false],
  ] as const)('%j with %s: %s', (schema, text, expected) => {
    expect(accepts(schema as never, text)).toBe(expected)
  })

  test('recursive references', () => {
    const list = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['value', 'next'],
          additionalProperties: false,
        },
      },
    }
    expect(accepts(list, '{"value": 1, "next": {"value": 2, "next": null}}')).toBe(true)
    expect(accepts(list, '{"value": 1, "next": {"value": 2}}')).toBe(false)
  })

  test('any JSON value is accepted where anything is allowed', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(accepts(true, JSON.stringify(value))).toBe(true)
        expect(accepts({}, JSON.stringify(value))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  test('what is accepted parses', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:0123.-e tfnua\\\n') }), (text) => {
        if (accepts(true, text)) JSON.parse(text)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(['pattern', 'minimum', 'oneOf', 'format', 'uniqueItems'])('%s is refused, not ignored', (keyword) => {
    expect(() => schemaConstraint({ type: 'string', [keyword]: 1 }, 'model')).toThrow(
      expect.objectContaining({ code: 'unsupported-capability' }),
    )
  })

  test('is finished when nothing can follow', () => {
    const constraint = schemaConstraint({ type: 'boolean' }, 'model')
    constraint.push(bytes('tru'))
    expect([constraint.complete, constraint.finished]).toEqual([false, false])
    constraint.push(bytes('e'))
    expect([constraint.complete, constraint.finished]).toEqual([true, true])
  })
})
