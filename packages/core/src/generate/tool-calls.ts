/** @file Tool calls in the text of a model, in the forms that chat templates teach. */
import type { JsonValue, ToolCall, ToolDefinition } from '@lc/model'

/** Strings that begin a tool call; text from here on is held until the end. */
export const toolCallMarkers = ['<tool_call>', '[TOOL_CALLS]', '<|python_tag|>'] as const

/** Text, and the calls that were in it. */
export interface ParsedToolCalls {
  readonly text: string
  readonly calls: readonly ToolCall[]
}

/**
 * Takes the calls of given tools out of a text: `<tool_call>{...}</tool_call>` (Hermes, Qwen, SmolLM), `[TOOL_CALLS] [...]`
 * (Mistral), `<|python_tag|>{...}` or a JSON object alone (Llama 3). What is none stays text.
 */
export function parseToolCalls(text: string, tools: readonly ToolDefinition[], id: () => string): ParsedToolCalls {
  const names = new Set(tools.map((tool) => tool.name))
  const calls: ToolCall[] = []
  const take = (source: string): boolean => {
    const found = callsIn(source, names)
    calls.push(...found.map((call) => ({ id: id(), ...call })))
    return found.length > 0
  }
  const tagged = text.replace(/<tool_call>([\s\S]*?)(?:<\/tool_call>|$)/g, (whole, body: string) =>
    take(body) ? '' : whole,
  )
  if (calls.length > 0) return { text: tagged.trim(), calls }
  for (const marker of ['[TOOL_CALLS]', '<|python_tag|>']) {
    const at = text.indexOf(marker)
    if (at >= 0 && take(text.slice(at + marker.length))) return { text: text.slice(0, at).trim(), calls }
  }
  return take(text) ? { text: '', calls } : { text, calls }
}

function callsIn(source: string, names: ReadonlySet<string>): { name: string; arguments: JsonValue }[] {
  let value: JsonValue
  try {
    value = JSON.parse(source.trim()) as JsonValue
  } catch {
    return []
  }
  const entries = Array.isArray(value) ? value : [value]
  const calls = entries.map((entry) => callOf(entry, names))
  return calls.every((call) => call !== undefined) ? calls : []
}

function callOf(entry: JsonValue, names: ReadonlySet<string>): { name: string; arguments: JsonValue } | undefined {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return undefined
  const inner = entry.function
  const call = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : entry
  const name = call.name
  if (typeof name !== 'string' || !names.has(name)) return undefined
  const given = call.arguments ?? call.parameters ?? {}
  return { name, arguments: typeof given === 'string' ? (parsed(given) ?? given) : given }
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
