import { Graph } from '../graph/graph.ts'
import { matMulInteger } from '../graph/ops/quantised.ts'
import { encodeModel } from '../onnx/encode-model.ts'
import type { OrtModule } from '../runtime/ort-module.ts'

const known = new WeakMap<OrtModule, Promise<boolean>>()

/**
 * Whether integer products of uint8 and int8 saturate on this processor (x64 without VNNI), tried once: the kernels that do not
 * saturate take twice the time, so they are only for where they are needed.
 */
export function integerProductsSaturate(ort: OrtModule): Promise<boolean> {
  const answer = known.get(ort) ?? tryProduct(ort)
  known.set(ort, answer)
  return answer
}

async function tryProduct(ort: OrtModule): Promise<boolean> {
  // pairs of neighbours are summed in 16 bits where it saturates: 2 * 255 * 127 does not fit
  const columns = 64
  const graph = new Graph('integer saturation')
  const left = graph.input('left', 'uint8', [1, columns])
  const right = graph.constant(new Int8Array(columns * 16).fill(127), [columns, 16])
  graph.output('product', matMulInteger(left, right))
  const session = await ort.InferenceSession.create(encodeModel(graph), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  try {
    const feed = new ort.Tensor('uint8', new Uint8Array(columns).fill(255), [1, columns])
    const { product } = await session.run({ left: feed }, ['product'])
    return (product!.data as Int32Array)[0] !== columns * 255 * 127
  } finally {
    await session.release()
  }
}
