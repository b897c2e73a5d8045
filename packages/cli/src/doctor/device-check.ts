import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { add, Graph } from '@lc/core/graph'
import { nodeDevice } from '@lc/core/node'
import { type CheckResult, failed, held, noted } from './check-result.ts'
import type { DoctorDocument } from './doctor-report.ts'

/** The devices of Node by the names that options use. */
export const deviceNames = ['cpu', 'webgpu', 'cuda', 'coreml', 'directml'] as const
export type DeviceName = (typeof deviceNames)[number]

const probeTimeoutMs = 60_000

/** Whether a small graph runs on a device and gives what it should. Native code may end the process. */
export async function deviceCheck(kind: DeviceName): Promise<CheckResult> {
  const name = `device ${kind}`
  try {
    const device = await nodeDevice({ kind })
    try {
      const graph = new Graph('probe')
      const input = graph.input('x', 'float32', [4])
      graph.output('y', add(input, input))
      const program = await device.compile(graph)
      const data = Float32Array.of(1, 2, 3, 4)
      const { y } = await program.run({ x: { dtype: 'float32', shape: [4], data } }, ['y'])
      const right = Array.from(y!.data as Float32Array).every((value, index) => value === 2 * data[index]!)
      return right ? held(name, 'runs graphs') : failed(name, `computed ${String(y!.data)}`)
    } finally {
      await device.close()
    }
  } catch (error) {
    return failed(name, problemOf(error))
  }
}

/** The first line of a failure, without the engine's own source positions. */
function problemOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return line.replace(/\/onnxruntime_src\/.* was false\. /, '')
}

/** Whether WebGPU works here, found out in a process of its own; a machine without it is not at fault. */
export async function webgpuNote(program: string | undefined, signal: AbortSignal): Promise<CheckResult> {
  const name = 'device webgpu'
  if (program === undefined) return noted(name, 'not tried')
  const parameters = [...process.execArgv, program, 'doctor', '--device', 'webgpu', '--json']
  try {
    const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout: probeTimeoutMs, signal })
    return probeResult(stdout) ?? noted(name, 'the probe said nothing')
  } catch (error) {
    signal.throwIfAborted()
    const check = probeResult(String((error as { stdout?: unknown }).stdout ?? ''))
    return noted(name, check?.detail ?? 'the probe crashed')
  }
}

function probeResult(stdout: string): CheckResult | undefined {
  try {
    const { checks } = JSON.parse(stdout) as DoctorDocument
    return checks.find((check) => check.name === 'device webgpu')
  } catch {
    return undefined
  }
}
