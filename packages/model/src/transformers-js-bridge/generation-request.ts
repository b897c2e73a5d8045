/** @file A request of lc as prompt ids and options of `model.generate` of transformers.js. */
import type { GenerateRequest } from '../capability/language-model.ts'
import type { Message } from '../capability/message.ts'
import { checkArgument } from '../check/check-argument.ts'
import { UnsupportedCapabilityError } from '../errors/unsupported-capability-error.ts'
import type { LoadedTokenizer } from './loaded-objects.ts'
import { modelInputs } from './model-inputs.ts'

/**
 * @throws UnsupportedCapabilityError for what transformers.js 4 does not have.
 */
export function refuseUnsupported(request: GenerateRequest, model: string): void {
  const sampled = (request.temperature ?? 0) > 0
  const refused: readonly (readonly [boolean, string])[] = [
    [(request.tools?.length ?? 0) > 0 && request.toolChoice !== 'none', 'call tools'],
    [request.responseSchema !== undefined, 'keep to a response schema'],
    [request.logprobs !== undefined, 'report log-probabilities'],
    [sampled && request.topP !== undefined && request.topP < 1, 'sample with topP'],
    [sampled && request.minP !== undefined && request.minP > 0, 'sample with minP'],
    [sampled && request.seed !== undefined, 'sample with a seed'],
    [(request.frequencyPenalty ?? 0) !== 0, 'penalise frequency'],
    [(request.presencePenalty ?? 0) !== 0, 'penalise presence'],
    [request.policy !== undefined, 'use a cache policy'],
    [request.n !== undefined && request.n > 1, 'stream several answers at once'],
  ]
  for (const [asked, capability] of refused)
    if (asked)
      throw new UnsupportedCapabilityError({
        model,
        capability,
        neededBy: 'the request',
        alternatives: 'transformers.js does not have it; use a model of @lc/core or a server',
      })
}

/** The ids of the prompt, or of the chat as the tokenizer's template renders it. */
export function renderPrompt(request: GenerateRequest, tokenizer: LoadedTokenizer): number[] {
  const { messages, prompt, continueFinalMessage = false } = request
  checkArgument(
    (messages === undefined) !== (prompt === undefined),
    'request',
    request,
    'a request with exactly one of messages and prompt',
  )
  const { add_bos_token: addsBegin } = tokenizer as { add_bos_token?: unknown }
  if (prompt !== undefined) return checkIds(tokenizer.encode(prompt, { add_special_tokens: addsBegin === true }))
  const text = renderChat(messages ?? [], tokenizer, continueFinalMessage)
  return checkIds(tokenizer.encode(text, { add_special_tokens: false }))
}

function renderChat(messages: readonly Message[], tokenizer: LoadedTokenizer, continued: boolean): string {
  const last = messages.at(-1)
  checkArgument(
    !continued || last?.role === 'assistant',
    'continueFinalMessage',
    continued,
    "false, unless the last message is the assistant's",
  )
  const chat = messages.map(({ role, content }) => ({ role, content }))
  const text = tokenizer.apply_chat_template(chat, { tokenize: false, add_generation_prompt: !continued })
  if (!continued || last === undefined) return text
  // what the template puts after the message would end the turn
  const content = last.content.trimEnd()
  const at = text.lastIndexOf(content)
  checkArgument(at >= 0, 'messages', last.content, 'a final message that the chat template renders unchanged')
  return text.slice(0, at) + last.content
}

function checkIds(ids: number[]): number[] {
  checkArgument(ids.length > 0, 'prompt', '', 'a prompt of at least one token')
  return ids
}

/** The options of `model.generate`, all that influence sampling set, so that defaults of the model do not. */
export function generationOptions(
  request: GenerateRequest,
  promptIds: readonly number[],
  maxTokens: number,
  tokenizer: LoadedTokenizer,
): object {
  const { temperature = 0, topK = 0, repetitionPenalty = 1 } = request
  return {
    ...modelInputs(tokenizer, [promptIds]),
    max_new_tokens: maxTokens,
    do_sample: temperature > 0,
    temperature: temperature > 0 ? temperature : 1,
    top_k: topK,
    repetition_penalty: repetitionPenalty,
  }
}
