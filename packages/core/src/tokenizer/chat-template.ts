import type { JsonValue, Message, Span, ToolDefinition } from '@lc/model'

/** What a chat template is rendered from. */
export interface ChatTemplateRequest {
  messages: readonly Message[]
  tools?: readonly ToolDefinition[]
  /** Whether the text ends with the opening of the assistant's turn. Defaults to true unless the last message is continued. */
  addGenerationPrompt?: boolean
  /** Cuts the text after the content of the last message, so that the model goes on with it. */
  continueFinalMessage?: boolean
  /** More variables of the template, for example `enable_thinking`. */
  variables?: Record<string, JsonValue>
}

/** A chat as one text, with the parts that came from outside. */
export interface RenderedChat {
  text: string
  /** Where contents given by the caller lie; special-token strings in there are ordinary text. Give both to `encodeRendered`. */
  literal: Span[]
}

/** The chat format of a model. */
export interface ChatTemplate {
  /** The template itself, in Jinja. */
  readonly source: string
  /** @throws InvalidArgumentError when the template refuses the messages (for example two user turns in a row). */
  render(request: ChatTemplateRequest): RenderedChat
}
