import { describe, expect, test } from 'vitest'
import * as door from '../errors.ts'
import { errorToJson } from './error-to-json.ts'
import { formatErrorReport } from './format-error-report.ts'
import { isLcError, LcError } from './lc-error.ts'
import type { ModelError } from './model-error.ts'

const cause = new DOMException('the cause')

/** One instance of every class of the door, with every field set. */
const samples: Record<string, ModelError> = {
  ApiCallError: new door.ApiCallError({
    endpoint: 'http://localhost/v1',
    retryable: true,
    status: 503,
    body: '{}',
    problem: 'overloaded',
    cause,
  }),
  BudgetTooSmallError: new door.BudgetTooSmallError({ budget: 1, minimum: 2, reason: 'the question', cause }),
  ContextLengthError: new door.ContextLengthError({ tokens: 9, limit: 8, model: 'm', cause }),
  DisposedError: new door.DisposedError({ what: 'the model', cause }),
  InternalError: new door.InternalError({ invariant: 'a <= b', cause }),
  InvalidArgumentError: new door.InvalidArgumentError({ argument: 'n', received: 0.5, allowed: 'an integer', cause }),
  JournalError: new door.JournalError({ path: 'run.jsonl', line: 3, problem: 'not JSON', cause }),
  OutputParseError: new door.OutputParseError({ text: '{', expected: 'JSON', position: 1, cause }),
  TimeoutError: new door.TimeoutError({ operation: 'loading', timeoutMs: 5, cause }),
  UnsupportedCapabilityError: new door.UnsupportedCapabilityError({
    model: 'm',
    capability: 'score',
    neededBy: 'longCodeZip',
    alternatives: 'give a Scorer',
    cause,
  }),
}

type ErrorClass = new (...fields: never[]) => LcError
const classes = (Object.entries(door) as [string, unknown][]).filter(
  (entry): entry is [string, ErrorClass] => typeof entry[1] === 'function' && entry[1].prototype instanceof LcError,
)

test('every exported error class has a sample here', () => {
  expect(classes.map(([name]) => name).sort()).toEqual(Object.keys(samples).sort())
})

test('codes are unique', () => {
  const codes = Object.values(samples).map((error) => error.code)
  expect(new Set(codes).size).toBe(codes.length)
})

describe.each(classes)('%s', (name, errorClass) => {
  const error = samples[name]!

  test('is an lc error with its own name, a kebab-case code, and its cause', () => {
    expect(error).toBeInstanceOf(errorClass)
    expect(isLcError(error)).toBe(true)
    expect(error.name).toBe(name)
    expect(error.code).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(error.cause).toBe(cause)
    expect(error.message).not.toBe('')
  })

  test('its JSON form holds all its fields, and survives JSON', () => {
    const own = Object.keys(error).filter((key) => key !== 'name' && key !== 'code')
    const json = error.toJSON()
    for (const field of own) expect(json, field).toHaveProperty(field)
    expect(json).toMatchObject({ name, code: error.code, message: error.message })
    expect(json).not.toHaveProperty('cause')
    expect(JSON.parse(JSON.stringify(json))).toEqual(json)
    expect(errorToJson(error)).toEqual(json)
  })
})

describe('isLcError', () => {
  test('knows errors of another installed copy by their marker', () => {
    const foreign = Object.assign(new DOMException('foreign'), { [Symbol.for('lc.error')]: true })
    expect(isLcError(foreign)).toBe(true)
    expect(isLcError(new DOMException('other'))).toBe(false)
    expect(isLcError(undefined)).toBe(false)
  })
})

describe('InvalidArgumentError', () => {
  test.each<[unknown, string]>([
    ['x'.repeat(200), `"${'x'.repeat(77)}..."`],
    [12n, '12'],
    [null, 'null'],
    [[1, 2], 'an array of 2'],
    [new Float32Array(2), 'Float32Array of 8 bytes'],
    [() => {}, 'a function'],
    [{ a: 1 }, 'an object with keys a'],
    [{}, 'an object with keys (none)'],
  ])('describes %s shortly', (received, description) => {
    const error = new door.InvalidArgumentError({ argument: 'a', received, allowed: 'other' })
    expect(error.message).toBe(`a must be other; got ${description}`)
  })
})

describe('errorToJson', () => {
  test.each<[unknown, object]>([
    [new DOMException('gone', 'AbortError'), { name: 'AbortError', code: 'aborted', message: 'gone' }],
    [new RangeError('far'), { name: 'RangeError', code: 'unknown', message: 'far' }],
    ['text', { name: 'Error', code: 'unknown', message: 'text' }],
  ])('gives %s a code', (error, json) => {
    expect(errorToJson(error)).toEqual(json)
  })

  test('writes numbers that JSON does not have as text', () => {
    expect(
      errorToJson(new door.ContextLengthError({ tokens: Number.POSITIVE_INFINITY, limit: 8, model: 'm' })),
    ).toMatchObject({ tokens: 'Infinity' })
  })
})

describe('formatErrorReport', () => {
  test('shows code, message, fields and the causes', () => {
    const error = new door.TimeoutError({ operation: 'loading', timeoutMs: 5, cause: samples.DisposedError })
    expect(formatErrorReport(error)).toBe(
      [
        'timeout: loading took longer than 5 ms',
        '  operation: loading',
        '  timeoutMs: 5',
        'caused by disposed: the model is closed',
        '  what: the model',
        'caused by Error: the cause',
      ].join('\n'),
    )
  })

  test('shows the stack when asked, and ends in a circle of causes', () => {
    const error = new door.DisposedError({ what: 'x' })
    Object.assign(error, { cause: error })
    const report = formatErrorReport(error, { stack: 'full' })
    expect(report).toMatch(/\n {2}at /)
    expect(report.match(/caused by/g)?.length).toBe(7)
  })

  test('cuts long fields', () => {
    const error = new door.OutputParseError({ text: 'line\n'.repeat(500), expected: 'JSON' })
    expect(
      Math.max(
        ...formatErrorReport(error)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThan(220)
  })
})
