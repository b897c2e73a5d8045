import type { DraftModel } from '@lc/compress/specpc'
import type { AttendRequest, AttendResult, CallOptions } from '@lc/model'

/** How many answers are kept: a text of a record is read in one part or two. */
const kept = 4

/** A draft that answers a request it had lately without reading again, so that one budget after the other costs one prefill. */
export function rememberAttention(draft: DraftModel): DraftModel {
  const known = new Map<string, AttendResult>()
  return {
    tokenizer: draft.tokenizer,
    ...(draft.contextLength !== undefined && { contextLength: draft.contextLength }),
    async attend(request: AttendRequest, options?: CallOptions): Promise<AttendResult> {
      const { input, ...rest } = request
      if (typeof input === 'string' || !('length' in input) || 'extend' in input) return draft.attend(request, options)
      const key = JSON.stringify([Array.from(input), rest])
      const found = known.get(key) ?? (await draft.attend(request, options))
      known.delete(key)
      known.set(key, found)
      for (const oldest of known.keys()) if (known.size > kept) known.delete(oldest)
      return found
    },
  }
}
