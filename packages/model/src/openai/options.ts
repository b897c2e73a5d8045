import type { Tokenizer } from '../capability/tokenizer.ts'
import { checkArgument, checkInteger, checkNumber, checkOneOf, checkString } from '../check/check-argument.ts'
import type { Fetch } from '../http/http-client.ts'
import type { RetryPolicy } from '../http/retry-policy.ts'
import { retryDefaults } from '../http/retry-policy.ts'
import type { ServerDialect } from './server-dialect.ts'
import { serverDialects } from './server-dialect.ts'

/** How a server that speaks the OpenAI protocol is reached. */
export interface OpenaiCompatibleOptions {
  /** The address that paths such as `/chat/completions` are appended to, for example `http://127.0.0.1:8000/v1`. */
  baseUrl: string
  /** The model's name at the server. */
  model: string
  /** Sent as a bearer token; never in an error or a log. */
  apiKey?: string
  /** Prompt plus output in tokens. Defaults to what the server says once `connect` has asked it, before that the largest safe integer. */
  contextLength?: number
  /** The tokenizer of the served model. With it scoring is exact and needs less of the server. */
  tokenizer?: Tokenizer
  /** Further headers; their values are kept out of errors too. */
  headers?: Readonly<Record<string, string>>
  /** Milliseconds for a whole call, its retries and its stream included. Defaults to 600,000. */
  timeoutMs?: number
  /** Further attempts after faults that may pass, or the whole policy. Defaults to 3. */
  retries?: number | Partial<RetryPolicy>
  /** Defaults to the global `fetch`. */
  fetch?: Fetch
  /** Which server it is; decides the names of extensions. Defaults to `'auto'`: asked from the server when it matters. */
  dialect?: 'auto' | ServerDialect
  /** The longest answer that is read. Defaults to 268,435,456. */
  maxResponseBytes?: number
  /** Calls under way at once in `score` and `embed`. Defaults to 4. */
  concurrency?: number
  /** In [0, 1), for the jitter of retries. Defaults to `Math.random`. */
  random?: () => number
}

/** What options that are not given come to. */
export const openaiCompatibleDefaults = Object.freeze({
  timeoutMs: 600_000,
  dialect: 'auto',
  maxResponseBytes: 268_435_456,
  concurrency: 4,
} as const) satisfies Partial<OpenaiCompatibleOptions>

const optionNames: ReadonlySet<string> = new Set<keyof OpenaiCompatibleOptions>([
  'baseUrl',
  'model',
  'apiKey',
  'contextLength',
  'tokenizer',
  'headers',
  'timeoutMs',
  'retries',
  'fetch',
  'dialect',
  'maxResponseBytes',
  'concurrency',
  'random',
])

/** Throws `InvalidArgumentError` for options that cannot work. Never puts the key into the error. */
export function checkOptions(options: OpenaiCompatibleOptions): void {
  for (const name of Object.keys(options))
    checkArgument(optionNames.has(name), 'options', name, `made of ${[...optionNames].join(', ')}`)
  const url = parseUrl(checkString(options.baseUrl, 'baseUrl'))
  checkArgument(
    url !== undefined && /^https?:$/.test(url.protocol),
    'baseUrl',
    url ? url.protocol : 'no URL',
    'an http or https URL such as http://127.0.0.1:8000/v1',
  )
  checkArgument(
    url.username === '' && url.password === '',
    'baseUrl',
    'a URL with credentials',
    'a URL without credentials; pass apiKey or headers',
  )
  checkArgument(checkString(options.model, 'model') !== '', 'model', options.model, 'a non-empty name')
  if (options.apiKey !== undefined)
    checkArgument(
      typeof options.apiKey === 'string' && /^[\x20-\x7e]*$/.test(options.apiKey),
      'apiKey',
      'a key with characters that no header can carry',
      'printable ASCII',
    )
  if (options.timeoutMs !== undefined && options.timeoutMs !== Number.POSITIVE_INFINITY)
    checkNumber(options.timeoutMs, 'timeoutMs', { min: 1 })
  if (options.contextLength !== undefined) checkInteger(options.contextLength, 'contextLength', { min: 1 })
  if (options.concurrency !== undefined) checkInteger(options.concurrency, 'concurrency', { min: 1, max: 256 })
  if (options.dialect !== undefined) checkOneOf(options.dialect, 'dialect', ['auto', ...serverDialects])
}

/** The policy that `retries` stands for. */
export function resolveRetries(retries: OpenaiCompatibleOptions['retries']): RetryPolicy {
  const given = typeof retries === 'number' ? { retries } : (retries ?? {})
  const policy = { ...retryDefaults, ...given }
  checkInteger(policy.retries, 'retries', { min: 0, max: 100 })
  return policy
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
