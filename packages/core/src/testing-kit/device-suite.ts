/** @file What every device must hold: each op as exact as its arithmetic allows, checked feeds, clean ends. */
import { isLcError } from '@lc/model/errors'
import type { SuiteOptions } from '@lc/model/testing'
import { Graph } from '../graph/graph.ts'
import { add } from '../graph/ops/elementwise.ts'
import type { Device } from '../runtime/device.ts'
import type { HostTensor } from '../runtime/tensor.ts'
import { measureOpCase, type OpCase, type OpDifference } from './op-case.ts'
import { opCases } from './op-cases.ts'

/** Options of `deviceSuite`. */
export interface DeviceSuiteOptions extends SuiteOptions<Device> {
  /** Which of the cases of ops are run. Defaults to all that the device has kernels for. */
  readonly choose?: (test: OpCase) => boolean
}

/** Tests of a device. Closing it is the caller's business. */
export function deviceSuite(options: DeviceSuiteOptions): void {
  let made: Promise<Device> | undefined
  const get = (): Promise<Device> => {
    made ??= Promise.resolve(options.create())
    return made
  }
  options.describe(options.name ?? 'Device', () => {
    testOps(options, get)
    testFeeds(options, get)
    testSharing(options, get)
  })
}

function testOps({ test, expect, choose = () => true }: DeviceSuiteOptions, get: () => Promise<Device>): void {
  for (const item of opCases().filter(choose))
    test(item.name, async () => {
      const device = await get()
      const result = await measureOpCase(device, item).catch((error: unknown) => error)
      if (item.unsupported[device.kind] !== undefined && !Array.isArray(result)) {
        expect(isLcError(result) ? result.code : result, 'an op without a kernel is refused').toBe('device')
        return
      }
      if (!Array.isArray(result)) throw result
      for (const { difference, ...worst } of result as readonly OpDifference[])
        expect(difference, JSON.stringify(worst)).toBeLessThanOrEqual(item.tolerances[device.kind] ?? item.tolerance)
    })
}

/** y = x + w, x of a symbolic size. */
function smallGraph(): Graph {
  const graph = new Graph('sum')
  const x = graph.input('x', 'float32', ['N', 3])
  graph.output('y', add(x, graph.weight('w', 'float32', [3])))
  return graph
}

const weights = new Map([['w', { kind: 'memory' as const, data: Float32Array.of(1, 2, 3) }]])

const feed = (shape: readonly number[], length = 6): HostTensor => ({
  dtype: 'float32',
  shape,
  data: new Float32Array(length),
})

function testFeeds({ test, expect }: DeviceSuiteOptions, get: () => Promise<Device>): void {
  const wrong: readonly (readonly [string, Record<string, HostTensor>, string])[] = [
    ['a missing feed', {}, 'invalid-argument'],
    ['an unknown feed', { x: feed([2, 3]), z: feed([2, 3]) }, 'invalid-argument'],
    ['a wrong element type', { x: { dtype: 'int32', shape: [2, 3], data: new Int32Array(6) } }, 'invalid-argument'],
    ['an array of another length than the shape says', { x: feed([2, 3], 5) }, 'invalid-argument'],
    ['a wrong size', { x: feed([3, 2]) }, 'shape'],
    ['an empty tensor', { x: feed([0, 3], 0) }, 'shape'],
    ['a wrong number of dimensions', { x: feed([6]) }, 'shape'],
  ]
  for (const [what, feeds, code] of wrong)
    test(`refuses ${what}`, async () => {
      const program = await (await get()).compile(smallGraph(), { weights })
      const error = await program.run(feeds, ['y']).catch((reason: unknown) => reason)
      await program.close()
      expect(isLcError(error) ? error.code : error).toBe(code)
    })
  test('refuses an unknown output, and an aborted signal with its own reason', async () => {
    const program = await (await get()).compile(smallGraph(), { weights })
    const unknown = await program.run({ x: feed([2, 3]) }, ['z']).catch((reason: unknown) => reason)
    expect(isLcError(unknown) && unknown.code).toBe('invalid-argument')
    const reason = { stopped: true }
    const signal = AbortSignal.abort(reason)
    expect(await program.run({ x: feed([2, 3]) }, ['y'], { signal }).catch((error: unknown) => error)).toBe(reason)
    await program.close()
  })
}

function testSharing({ test, expect }: DeviceSuiteOptions, get: () => Promise<Device>): void {
  test('shares a program between owners until the last one closes it, and refuses work afterwards', async () => {
    const device = await get()
    const before = device.memoryReport().programs.length
    const first = await device.compile(smallGraph(), { weights })
    const second = await device.compile(smallGraph(), { weights })
    expect(device.memoryReport().programs.length).toBe(before + 1)
    await first.close()
    await first.close()
    const refused = await first.run({ x: feed([2, 3]) }, ['y']).catch((error: unknown) => error)
    expect(isLcError(refused) && refused.code).toBe('disposed')
    const { y } = await second.run({ x: feed([2, 3]) }, ['y'])
    expect([...y!.data].join()).toBe('1,2,3,1,2,3')
    await second.close()
    expect(device.memoryReport().programs.length).toBe(before)
  })

  test('runs calls that are made at once, and closes when they have ended', async () => {
    const program = await (await get()).compile(smallGraph(), { weights })
    const runs = Array.from({ length: 8 }, (_, at) =>
      program.run({ x: { dtype: 'float32', shape: [1, 3], data: new Float32Array(3).fill(at) } }, ['y']),
    )
    const closed = program.close()
    const results = await Promise.all(runs)
    await closed
    expect(results.map(({ y }) => y!.data[0]).join()).toBe('1,2,3,4,5,6,7,8')
  })

  test('keeps an output on the device when asked, feeds it again, and reads it', async () => {
    const device = await get()
    const program = await device.compile(smallGraph(), { weights, keepOnDevice: ['y'] })
    const { y: kept } = await program.runOnDevice({ x: feed([2, 3]) }, ['y'])
    const { y } = await program.run({ x: kept! }, ['y'])
    expect([...y!.data].join()).toBe('2,4,6,2,4,6')
    if ('read' in kept!) {
      expect([...(await kept.read()).data].join()).toBe('1,2,3,1,2,3')
      kept.close()
      kept.close()
    }
    expect(device.memoryReport().deviceTensorBytes).toBe(0)
    await program.close()
  })
}
