import { topSlots } from './top-slots.ts'

/**
 * ChunkKV's selection: scores summed over key/value heads, averaged inside consecutive chunks (a partial last chunk by its
 * own mean), the best chunks kept whole, the same slots for all heads of the layer.
 *
 * Source: Liu et al., "ChunkKV", and NVIDIA/kvpress (ChunkKVPress), which keeps `max(1, floor(chunks * kept share))`.
 *
 * @param scores one array of n slots per key/value head
 * @param chunkCount how many chunks are kept
 * @returns ascending slots
 */
export function topChunks(scores: readonly Float32Array[], chunkLength: number, chunkCount: number): Uint32Array {
  const n = scores[0]?.length ?? 0
  const chunks = Math.ceil(n / chunkLength)
  const means = new Float32Array(chunks)
  for (let chunk = 0; chunk < chunks; chunk++) {
    const end = Math.min(n, (chunk + 1) * chunkLength)
    let sum = 0
    for (const head of scores) for (let slot = chunk * chunkLength; slot < end; slot++) sum += head[slot]!
    means[chunk] = sum / (end - chunk * chunkLength)
  }
  const slots: number[] = []
  for (const chunk of topSlots(means, chunkCount)) {
    for (let slot = chunk * chunkLength; slot < Math.min(n, (chunk + 1) * chunkLength); slot++) slots.push(slot)
  }
  return Uint32Array.from(slots)
}
