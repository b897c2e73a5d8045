/** @file The text of an attached file, in the forms of all versions: bytes, base64, data URLs, tagged unions. */
import type { AiSdkPromptPart } from './prompt-specification.ts'

const textTypes =
  /^(text(\/.*)?|application\/((x-)?(javascript|typescript|ecmascript|sh|yaml|toml|python)|json|jsonl|xml|sql|graphql|[\w.-]+\+(json|xml)))$/

/** The text of a file part, or undefined when it is not text or not at hand (another URL). */
export function fileText(part: AiSdkPromptPart): string | undefined {
  const mediaType = part.mediaType?.split(';')[0]?.trim().toLowerCase() ?? ''
  if (part.type !== 'file' || !textTypes.test(mediaType)) return undefined
  return textOf(part.data)
}

function textOf(data: unknown): string | undefined {
  if (data instanceof Uint8Array) return new TextDecoder().decode(data)
  if (data instanceof URL) return textOfDataUrl(data.href)
  if (typeof data === 'string') return data.startsWith('data:') ? textOfDataUrl(data) : fromBase64(data)
  if (typeof data !== 'object' || data === null) return undefined
  const tagged = data as { type?: unknown; data?: unknown; text?: unknown; url?: unknown }
  if (tagged.type === 'text' && typeof tagged.text === 'string') return tagged.text
  if (tagged.type === 'data') return textOf(tagged.data)
  return tagged.type === 'url' ? textOf(tagged.url) : undefined
}

function textOfDataUrl(url: string): string | undefined {
  const comma = url.indexOf(',')
  if (!url.startsWith('data:') || comma < 0) return undefined
  const body = url.slice(comma + 1)
  if (/;base64$/i.test(url.slice(0, comma))) return fromBase64(body)
  try {
    return decodeURIComponent(body)
  } catch {
    return undefined
  }
}

function fromBase64(base64: string): string | undefined {
  try {
    const binary = atob(base64.replace(/-/g, '+').replace(/_/g, '/'))
    return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}
