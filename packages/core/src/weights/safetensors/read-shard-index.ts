import { FileFormatError } from '../../errors/file-format-error.ts'

const mostShards = 10_000

/**
 * Reads `model.safetensors.index.json`: which file holds which tensor. File names are names in the same folder, nothing
 * else.
 *
 * @throws FileFormatError.
 */
export function readShardIndex(file: string, json: unknown): ReadonlyMap<string, readonly string[]> {
  const fail = (problem: string): FileFormatError => new FileFormatError({ file, format: 'safetensors index', problem })
  const map = typeof json === 'object' && json !== null ? (json as Record<string, unknown>).weight_map : undefined
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw fail('it has no weight_map')
  const shards = new Map<string, string[]>()
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== 'string' || !/^[A-Za-z0-9][\w.-]{0,200}\.safetensors$/.test(shard) || shard.includes('..'))
      throw fail(`${JSON.stringify(String(shard).slice(0, 80))} is not the name of a safetensors file beside it`)
    const list = shards.get(shard)
    if (list) list.push(tensor)
    else shards.set(shard, [tensor])
  }
  if (shards.size === 0) throw fail('its weight_map is empty')
  if (shards.size > mostShards) throw fail(`it names ${shards.size} files; at most ${mostShards} are allowed`)
  return shards
}
