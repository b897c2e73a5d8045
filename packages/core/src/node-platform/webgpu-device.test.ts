/** @file WebGPU in Node. Without a GPU it runs on SwiftShader, the software driver that Chromium brings (see the contributing guide). */
import { afterAll, describe, expect, test } from 'vitest'
import { DeviceError } from '../errors/device-error.ts'
import { Graph } from '../graph/graph.ts'
import { matMulInteger } from '../graph/ops/quantised.ts'
import type { Device } from '../runtime/device.ts'
import { deviceSuite } from '../testing-kit/device-suite.ts'
import { opCases } from '../testing-kit/op-cases.ts'
import { nodeDevice } from './node-device.ts'

const opened = await nodeDevice({ kind: 'webgpu' }).catch((error: unknown) => error)
const device = opened instanceof DeviceError ? undefined : (opened as Device)
if (opened instanceof DeviceError)
  console.warn(
    `SKIPPED: the tests of WebGPU in Node. ${opened.message}. Run them with npm test, which sets a software driver.`,
  )

afterAll(() => device?.close())

// shaders are compiled for each case, which is slow on a software driver: one case of each op, unless all are asked for
const all = opCases()
const chosen = new Set(
  process.env.LC_ALL_OP_CASES === '1' ? all : [...new Map([...all].reverse().map((item) => [item.op, item])).values()],
)
const names = new Set([...chosen].map((item) => item.name))

describe.skipIf(device === undefined)('WebGPU', () => {
  deviceSuite({
    describe,
    test,
    expect,
    name: 'of Node',
    create: () => device!,
    choose: (item) => names.has(item.name),
  })

  test('names the op that it has no kernel for', async () => {
    const graph = new Graph('integers')
    graph.output('y', matMulInteger(graph.input('a', 'uint8', ['T', 8]), graph.input('b', 'uint8', [8, 4])))
    const refused = await device!.compile(graph).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(DeviceError)
    expect((refused as DeviceError).message).toContain('no kernel for matMulInteger of uint8 [T, 8] and uint8 [8, 4]')
  })

  test('runs such an op on the CPU when that is asked for', async () => {
    const graph = new Graph('integers')
    graph.output('y', matMulInteger(graph.input('a', 'uint8', [1, 2]), graph.input('b', 'uint8', [2, 1])))
    const program = await device!.compile(graph, { unsupportedOps: 'cpu' })
    const pair = (data: readonly number[], shape: readonly number[]) => ({
      dtype: 'uint8' as const,
      shape,
      data: Uint8Array.from(data),
    })
    const { y } = await program.run({ a: pair([2, 3], [1, 2]), b: pair([5, 7], [2, 1]) }, ['y'])
    expect([...y!.data]).toEqual([31])
    await program.close()
  })
})
