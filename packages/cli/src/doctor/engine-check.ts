import { createRequire } from 'node:module'
import { type CheckResult, failed, held } from './check-result.ts'

/** Whether ONNX Runtime loads, and which providers its build has. */
export async function engineCheck(): Promise<CheckResult> {
  const name = 'onnx runtime'
  try {
    const engine = await import('onnxruntime-node')
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
    const providers = engine.listSupportedBackends().map((backend) => backend.name)
    return held(name, `onnxruntime-node ${version} with ${providers.join(', ')}`)
  } catch (error) {
    const problem = error instanceof Error ? error.message.split('\n')[0] : String(error)
    return failed(name, `onnxruntime-node does not load: ${problem}`)
  }
}
