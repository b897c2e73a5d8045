import { expect, test } from 'vitest'
import { isRetryableStatus, readRetryAfter, retryDefaults, retryDelayMs } from './retry-policy.ts'

test('the delay doubles up to its limit, with jitter in its upper half', () => {
  const policy = { ...retryDefaults, baseDelayMs: 100, maxDelayMs: 350 }
  expect([0, 1, 2, 3].map((attempt) => retryDelayMs(policy, attempt, undefined, 0))).toEqual([50, 100, 175, 175])
  expect(retryDelayMs(policy, 0, undefined, 0.999)).toBeCloseTo(100, 0)
})

test('what the server asks for wins', () => {
  expect(retryDelayMs(retryDefaults, 0, 1234, 0.5)).toBe(1234)
})

test.each([
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:10 GMT' }, 9000],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
] as const)('reads Retry-After from %j', (headers, expected) => {
  expect(readRetryAfter(new Headers({ ...headers }), 1000)).toBe(expected)
})

test('only passing troubles are tried again', () => {
  expect([400, 401, 403, 404, 413, 422, 501].filter(isRetryableStatus)).toEqual([])
  expect([408, 429, 500, 502, 503, 504].every(isRetryableStatus)).toBe(true)
})
