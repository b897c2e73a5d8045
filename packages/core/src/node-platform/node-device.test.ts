import { availableParallelism } from 'node:os'
import { afterAll, describe, expect, test } from 'vitest'
import { DeviceError } from '../errors/device-error.ts'
import { kernelNames } from '../graph/reference/kernels.ts'
import type { Device } from '../runtime/device.ts'
import { deviceSuite } from '../testing-kit/device-suite.ts'
import { opCases } from '../testing-kit/op-cases.ts'
import { nodeDevice } from './node-device.ts'

let device: Device | undefined
afterAll(() => device?.close())

deviceSuite({
  describe,
  test,
  expect,
  name: 'CPU of Node',
  create: async () => {
    device = await nodeDevice({ kind: 'cpu', threads: 2 })
    return device
  },
})

describe('cases of ops', () => {
  test('there is at least one for every op', () => {
    const covered = new Set(opCases().map((item) => item.op))
    expect(kernelNames.filter((op) => !covered.has(op))).toEqual([])
  })

  test('have names of their own', () => {
    const names = opCases().map((item) => item.name)
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })
})

describe('nodeDevice', () => {
  test('is the CPU with all cores where nothing is said and no CUDA answers', async () => {
    await using chosen = await nodeDevice()
    expect(['cpu', 'cuda']).toContain(chosen.kind)
    expect(chosen.threads).toBe(availableParallelism())
  })

  test.each([
    [{ kind: 'tpu' as 'cpu' }, 'kind must be one of'],
    [{ kind: 'cpu' as const, threads: 0 }, 'threads must be an integer from 1 to 1024'],
  ])('refuses %o', async (options, message) => {
    await expect(nodeDevice(options)).rejects.toThrow(message)
  })

  test.skipIf(process.platform === 'darwin')('says what to do where a provider is not of this machine', async () => {
    const error = await nodeDevice({ kind: 'coreml' }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(DeviceError)
    expect((error as DeviceError).message).toBe(
      'coreml could not open: no usable coreml device was found on this machine; use the kind cpu',
    )
  })
})
