import { afterAll, describe, expect, test } from 'vitest'
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
