import { isLcError } from '@lc/model/errors'
import { describe, expect, test } from 'vitest'
import {
  DeviceError,
  DownloadError,
  FileFormatError,
  MemoryLimitError,
  ShapeError,
  UnsupportedModelError,
} from '../errors.ts'

const cause = new RangeError('why')
const errors = [
  new DeviceError({ device: 'webgpu', operation: 'open', problem: 'no adapter', fallback: 'use the kind cpu', cause }),
  new DownloadError({
    repository: 'a/b',
    file: 'c',
    problem: 'status 404',
    status: 404,
    expectedHash: '0',
    actualHash: '1',
    cause,
  }),
  new FileFormatError({ file: 'a.gguf', format: 'gguf', offset: 12, problem: 'a name is too long', cause }),
  new MemoryLimitError({ requestedBytes: 10, limitBytes: 5, what: 'a table', cause }),
  new ShapeError({ op: 'add', shapes: ['float32 [2]', 'float32 [3]'], rule: 'the shapes must broadcast', cause }),
  new UnsupportedModelError({ modelType: 'mamba', supported: ['llama'], cause }),
]

describe('errors of core', () => {
  test.each(errors)('$name is known as an error of lc, keeps its cause, and is complete as JSON', (error) => {
    expect(isLcError(error)).toBe(true)
    expect(error.cause).toBe(cause)
    const data = error.toJSON()
    expect(data).toMatchObject({ name: error.constructor.name, code: error.code, message: error.message })
    for (const [key, value] of Object.entries(error))
      if (key !== 'cause' && value !== undefined) expect(data[key]).toEqual(value)
  })

  test('have codes of their own', () => {
    expect(new Set(errors.map((error) => error.code)).size).toBe(errors.length)
  })

  test('say in one sentence what, given, allowed', () => {
    expect(errors.map((error) => error.message)).toEqual([
      'webgpu could not open: no adapter; use the kind cpu',
      'c of a/b could not be fetched: status 404',
      'a.gguf is not a valid gguf file (at byte 12): a name is too long',
      'a table needs 10 bytes; the limit is 5',
      'add: the shapes must broadcast; got float32 [2] and float32 [3]',
      'the model type "mamba" is not supported; supported are llama',
    ])
  })
})
