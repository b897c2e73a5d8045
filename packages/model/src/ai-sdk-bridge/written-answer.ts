/** @file Results of lc in the form of the AI SDK, versions 3 and 4. */
import type { JsonValue } from '../capability/json-value.ts'
import type { FinishReason, GenerateResult, StreamPart, TokenLogprob, Usage } from '../capability/language-model.ts'
import type { ToolCall } from '../capability/message.ts'
import type {
  AiSdkProviderMetadata,
  AiSdkWrittenContent,
  AiSdkWrittenFinishReason,
  AiSdkWrittenResult,
  AiSdkWrittenStreamPart,
  AiSdkWrittenUsage,
  AiSdkWrittenWarning,
} from './model-specification.ts'

/** An answer as a result of the AI SDK. */
export function writeResult(
  result: GenerateResult,
  model: string,
  warnings: AiSdkWrittenWarning[],
): AiSdkWrittenResult {
  const { text, toolCalls = [], logprobs } = result
  const content: AiSdkWrittenContent[] = text === '' && toolCalls.length > 0 ? [] : [{ type: 'text', text }]
  for (const call of toolCalls) content.push(writeToolCall(call))
  const providerMetadata = metadataOf(logprobs, result)
  return {
    content,
    finishReason: writeFinishReason(result.finishReason),
    usage: writeUsage(result.usage),
    warnings,
    ...(providerMetadata === undefined ? {} : { providerMetadata }),
    response: { modelId: model },
  }
}

function writeFinishReason(reason: FinishReason): AiSdkWrittenFinishReason {
  return { unified: reason, raw: reason }
}

function writeUsage({ promptTokens, completionTokens, cachedTokens }: Usage): AiSdkWrittenUsage {
  return {
    inputTokens: {
      total: promptTokens,
      noCache: cachedTokens === undefined ? undefined : promptTokens - cachedTokens,
      cacheRead: cachedTokens,
      cacheWrite: undefined,
    },
    outputTokens: { total: completionTokens, text: completionTokens, reasoning: undefined },
  }
}

function writeToolCall(call: ToolCall): Extract<AiSdkWrittenContent, { type: 'tool-call' }> {
  return { type: 'tool-call', toolCallId: call.id, toolName: call.name, input: JSON.stringify(call.arguments) }
}

function metadataOf(
  logprobs: readonly TokenLogprob[] | undefined,
  { accuracy, cache }: Pick<GenerateResult, 'accuracy' | 'cache'>,
): AiSdkProviderMetadata | undefined {
  const lc: { [key: string]: JsonValue } = {}
  if (logprobs !== undefined) lc.logprobs = JSON.parse(JSON.stringify(logprobs)) as JsonValue
  if (accuracy !== undefined) lc.accuracy = accuracy
  if (cache !== undefined) lc.cache = { ...cache }
  return Object.keys(lc).length === 0 ? undefined : { lc }
}

/** The parts of a stream in the order of the AI SDK: text between its start and end, each tool call after its input. */
export async function* writeStream(
  parts: AsyncIterable<StreamPart>,
  model: string,
  warnings: AiSdkWrittenWarning[],
): AsyncGenerator<AiSdkWrittenStreamPart> {
  yield { type: 'stream-start', warnings }
  yield { type: 'response-metadata', modelId: model }
  const logprobs: TokenLogprob[] = []
  let blocks = 0
  let open = false
  for await (const part of parts) {
    const id = `text-${blocks}`
    if (part.type === 'text-delta') {
      if (part.logprob) logprobs.push(part.logprob)
      if (part.text === '') continue
      if (!open) yield { type: 'text-start', id }
      open = true
      yield { type: 'text-delta', id, delta: part.text }
      continue
    }
    if (open) {
      yield { type: 'text-end', id }
      open = false
      blocks++
    }
    if (part.type === 'tool-call') yield* writeToolCallParts(part.toolCall)
    else yield writeFinish(part, logprobs)
  }
}

function writeFinish(
  part: Extract<StreamPart, { type: 'finish' }>,
  logprobs: readonly TokenLogprob[],
): AiSdkWrittenStreamPart {
  const providerMetadata = metadataOf(logprobs.length > 0 ? logprobs : undefined, part)
  return {
    type: 'finish',
    finishReason: writeFinishReason(part.finishReason),
    usage: writeUsage(part.usage),
    ...(providerMetadata === undefined ? {} : { providerMetadata }),
  }
}

function* writeToolCallParts(call: ToolCall): Generator<AiSdkWrittenStreamPart> {
  const written = writeToolCall(call)
  yield { type: 'tool-input-start', id: call.id, toolName: call.name }
  yield { type: 'tool-input-delta', id: call.id, delta: written.input }
  yield { type: 'tool-input-end', id: call.id }
  yield written
}
