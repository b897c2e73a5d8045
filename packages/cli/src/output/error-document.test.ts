import { readFile } from 'node:fs/promises'
import { ApiCallError, InvalidArgumentError } from '@lc/model/errors'
import { expect, test } from 'vitest'
import { InputError } from '../errors/input-error.ts'
import { UsageError } from '../errors/usage-error.ts'
import { errorDocument, errorLines } from './error-document.ts'
import { exitCodeOf } from './exit-code.ts'

const running = new AbortController().signal
const aborted = AbortSignal.abort()

test('an error of lc keeps its code, message and fields', () => {
  const error = new InputError({ path: 'a.ts', problem: 'does not exist' })
  expect(errorDocument(error, running)).toEqual({
    error: {
      code: 'input',
      message: 'a.ts: does not exist',
      name: 'InputError',
      path: 'a.ts',
      problem: 'does not exist',
    },
  })
})

test('an error of the system is put in words', async () => {
  const error = await readFile('/nowhere/at/all').catch((reason: unknown) => reason)
  expect(errorDocument(error, running)).toEqual({
    error: { code: 'system', message: '/nowhere/at/all: does not exist', system: 'ENOENT' },
  })
})

test.each([
  [new UsageError({ problem: 'x' }), running, 2],
  [new InvalidArgumentError({ argument: 'budget', received: -1, allowed: 'positive' }), running, 2],
  [new InputError({ path: 'a', problem: 'b' }), running, 1],
  [new ApiCallError({ endpoint: 'http://x', retryable: false, status: 500 }), running, 1],
  [new TypeError('x'), running, 1],
  ['text', running, 1],
  [new UsageError({ problem: 'x' }), aborted, 130],
])('exit code of %s', (error, signal, code) => {
  expect(exitCodeOf(error, signal)).toBe(code)
})

test('for people: the message, its fields and causes, a stack only on request; wrong usage in one line', () => {
  const cause = new TypeError('fetch failed')
  const error = new ApiCallError({ endpoint: 'http://x', retryable: true, cause })
  const report = errorLines(error, running, false)
  expect(report).toMatch(/^lc: api-call: the call of http:\/\/x failed\n/)
  expect(report).toContain('caused by TypeError: fetch failed')
  expect(report).not.toContain(' at ')
  expect(errorLines(error, running, true)).toContain(' at ')
  expect(errorLines(new UsageError({ problem: 'no', command: 'ask' }), running, false)).toBe(
    'lc: no; see `lc ask --help`\n',
  )
  expect(errorLines(cause, aborted, false)).toBe('lc: interrupted\n')
})
