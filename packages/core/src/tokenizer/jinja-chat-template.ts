/** @file Chat templates in Jinja, rendered so that contents of messages cannot pass for the model's own special tokens. */
import { Template } from '@huggingface/jinja'
import type { JsonValue, Message, Span, ToolDefinition } from '@lc/model'
import { InvalidArgumentError, isLcError } from '@lc/model/errors'
import { FileFormatError } from '../errors/file-format-error.ts'
import { renderBounded, TemplateLimit } from './bounded-interpreter.ts'
import type { ChatTemplate, ChatTemplateRequest, RenderedChat } from './chat-template.ts'
import type { LocalTokenizer } from './local-tokenizer.ts'

/** Options of `jinjaChatTemplate`. */
export interface JinjaChatTemplateOptions {
  /** Where the template comes from, for messages. */
  readonly file: string
  readonly tokenizer: LocalTokenizer
  /** A template of its own for requests with tools. */
  readonly toolSource?: string | undefined
  /** What `strftime_now` shows. Defaults to the clock. */
  readonly now?: () => Date
}

const longestTemplate = 1 << 20

/**
 * A chat template from its Jinja source.
 *
 * @throws FileFormatError when the source does not parse.
 */
export function jinjaChatTemplate(source: string, options: JinjaChatTemplateOptions): ChatTemplate {
  const plain = parse(source, options.file)
  const forTools = options.toolSource === undefined ? plain : parse(options.toolSource, options.file)
  const specials = specialStrings(options.tokenizer)
  return {
    source,
    render: (request) => render(request.tools?.length ? forTools : plain, request, options, specials),
  }
}

/** A parsed template and its text. */
interface Parsed {
  readonly source: string
  readonly template: Template
}

function parse(source: string, file: string): Parsed {
  if (source.length > longestTemplate)
    throw new FileFormatError({
      file,
      format: 'chat template',
      problem: `it is longer than ${longestTemplate} characters`,
    })
  try {
    return { source, template: new Template(source) }
  } catch (error) {
    throw new FileFormatError({ file, format: 'chat template', problem: describe(error), cause: error })
  }
}

function describe(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 300)
}

function specialStrings(tokenizer: LocalTokenizer): string[] {
  const strings: string[] = []
  for (let id = 0; id < tokenizer.vocabularySize; id++)
    if (tokenizer.isSpecial(id)) strings.push(tokenizer.tokenOf(id) ?? '')
  return strings.filter((text) => text !== '')
}

function render(
  { source, template }: Parsed,
  request: ChatTemplateRequest,
  options: JinjaChatTemplateOptions,
  specials: readonly string[],
): RenderedChat {
  const { messages, tools, continueFinalMessage = false } = request
  if (messages.length === 0)
    throw new InvalidArgumentError({ argument: 'messages', received: messages, allowed: 'at least one message' })
  const last = messages.at(-1)!
  if (continueFinalMessage && last.role !== 'assistant')
    throw new InvalidArgumentError({
      argument: 'continueFinalMessage',
      received: `a last message of the role ${last.role}`,
      allowed: 'given with an assistant message at the end',
    })
  const [mark, cut] = unusedCharacters(JSON.stringify([messages, tools ?? []]) + source)
  const marked = markSpecials(
    { messages: messages.map(templateMessage), tools: tools?.map(templateTool) ?? null },
    specials,
    mark,
  )
  const list = (marked as { messages: { content: string }[] }).messages
  if (continueFinalMessage) list.at(-1)!.content += cut
  const { special } = options.tokenizer
  const token = (id: number | undefined): string => (id === undefined ? '' : (options.tokenizer.tokenOf(id) ?? ''))
  const rendered = run(template, options, {
    bos_token: token(special.begin),
    eos_token: token(special.end),
    unk_token: token(special.unknown),
    pad_token: token(special.padding),
    ...(marked as object),
    documents: null,
    add_generation_prompt: request.addGenerationPrompt ?? !continueFinalMessage,
    ...request.variables,
  })
  return finish(continueFinalMessage ? cutAt(rendered, cut) : rendered, mark)
}

function run(template: Template, options: JinjaChatTemplateOptions, variables: Record<string, unknown>): string {
  try {
    return renderBounded(template.parsed, variables, options.now?.() ?? new Date())
  } catch (error) {
    if (isLcError(error)) throw error
    const problem = error instanceof TemplateLimit ? error.problem : describe(error)
    throw new FileFormatError({ file: options.file, format: 'chat template', problem, cause: error })
  }
}

/** Two private-use characters that occur nowhere in the text. */
function unusedCharacters(text: string): [string, string] {
  const free: string[] = []
  for (let code = 0xf8ff; code >= 0xe000 && free.length < 2; code--) {
    const character = String.fromCharCode(code)
    if (!text.includes(character)) free.push(character)
  }
  if (free.length < 2)
    throw new InvalidArgumentError({
      argument: 'messages',
      received: 'messages with every character of the private use area',
      allowed: 'messages that leave two of them free',
    })
  return [free[0]!, free[1]!]
}

function templateMessage(message: Message): JsonValue {
  const base = { role: message.role, content: message.content }
  if (message.role === 'assistant' && message.toolCalls?.length)
    return {
      ...base,
      tool_calls: message.toolCalls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: call.arguments },
      })),
    }
  if (message.role === 'tool')
    return { ...base, tool_call_id: message.toolCallId, ...(message.name !== undefined && { name: message.name }) }
  if (message.role === 'user' && message.name !== undefined) return { ...base, name: message.name }
  return base
}

function templateTool(tool: ToolDefinition): JsonValue {
  const { name, description, parameters } = tool
  return { type: 'function', function: { name, ...(description !== undefined && { description }), parameters } }
}

/** Puts a mark behind the first unit of each special-token string in any text of the value. */
function markSpecials(value: JsonValue, specials: readonly string[], mark: string): JsonValue {
  if (typeof value === 'string') return markText(value, specials, mark)
  if (Array.isArray(value)) return value.map((entry) => markSpecials(entry, specials, mark))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, markSpecials(entry, specials, mark)]))
}

function markText(text: string, specials: readonly string[], mark: string): string {
  const positions = new Set<number>()
  for (const special of specials)
    for (let at = text.indexOf(special); at >= 0; at = text.indexOf(special, at + 1)) positions.add(at + 1)
  if (positions.size === 0) return text
  let out = ''
  let done = 0
  for (const at of [...positions].sort((a, b) => a - b)) {
    out += text.slice(done, at) + mark
    done = at
  }
  return out + text.slice(done)
}

function cutAt(rendered: string, cut: string): string {
  const at = rendered.lastIndexOf(cut)
  if (at < 0)
    throw new InvalidArgumentError({
      argument: 'continueFinalMessage',
      received: true,
      allowed: 'false for a template that does not write the content of the last message',
    })
  return rendered.slice(0, at)
}

/** Takes the marks out again; what stood around them is literal. */
function finish(rendered: string, mark: string): RenderedChat {
  const literal: Span[] = []
  const parts = rendered.split(mark)
  let at = 0
  for (const part of parts.slice(0, -1)) {
    at += part.length
    if (at > 0) literal.push({ start: at - 1, end: at })
  }
  return { text: parts.join(''), literal }
}
