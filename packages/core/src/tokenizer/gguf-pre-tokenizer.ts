/** @file The pre-tokenizers that GGUF files name in `tokenizer.ggml.pre` (llama.cpp `llama-vocab.cpp`). */
import type { JsonValue } from '@lc/model'

const contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
const wordStart = '[^\\r\\n\\p{L}\\p{N}]?'
const upper = '[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]'
const lower = '[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]'
const spaces = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+'
const signs = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*'
const signsWithSlash = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*'

const llama3 = `${contractions}|${wordStart}\\p{L}+|\\p{N}{1,3}|${signs}|${spaces}`
const qwen2 = `${contractions}|${wordStart}\\p{L}+|\\p{N}|${signs}|${spaces}`
const tekken = `${wordStart}${upper}*${lower}+|${wordStart}${upper}+${lower}*|\\p{N}|${signsWithSlash}|${spaces}`
const gpt4o = `${wordStart}${upper}*${lower}+${contractions}?|${wordStart}${upper}+${lower}*${contractions}?|\\p{N}{1,3}|${signsWithSlash}|${spaces}`

const split = (pattern: string): JsonValue => ({ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' })
const byteLevel = (usesPattern: boolean): JsonValue => ({
  type: 'ByteLevel',
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: usesPattern,
})
const sequence = (...pretokenizers: JsonValue[]): JsonValue => ({ type: 'Sequence', pretokenizers })

const byPattern: Readonly<Record<string, string>> = { llama3, qwen2, tekken, gpt4o }

/** Names in files to the rules they stand for. */
const rules: Readonly<Record<string, string>> = {
  'llama-bpe': 'llama3',
  llama3: 'llama3',
  'llama-v3': 'llama3',
  falcon3: 'llama3',
  pixtral: 'llama3',
  lfm2: 'llama3',
  dbrx: 'llama3',
  'smaug-bpe': 'llama3',
  qwen2: 'qwen2',
  'deepseek-r1-qwen': 'qwen2',
  stablelm2: 'qwen2',
  megrez: 'qwen2',
  tekken: 'tekken',
  'gpt-4o': 'gpt4o',
  llama4: 'gpt4o',
  'gpt-2': 'gpt2',
  'phi-2': 'gpt2',
  'modern-bert': 'gpt2',
  'jina-es': 'gpt2',
  'jina-de': 'gpt2',
  'jina-v1-en': 'gpt2',
  'jina-v2-es': 'gpt2',
  'jina-v2-de': 'gpt2',
  'jina-v2-code': 'gpt2',
  'roberta-bpe': 'gpt2',
  mpt: 'gpt2',
  olmo: 'gpt2',
  smollm: 'digits',
  starcoder: 'digits',
  refact: 'digits',
  'command-r': 'digits',
  default: 'default',
}

/** The `pre_tokenizer` of a name; undefined for a name that is not known. */
export function ggufPreTokenizer(name: string): JsonValue | undefined {
  const rule = Object.hasOwn(rules, name) ? rules[name]! : undefined
  if (rule === undefined) return undefined
  if (rule === 'gpt2') return byteLevel(true)
  if (rule === 'digits') return sequence({ type: 'Digits', individual_digits: true }, byteLevel(true))
  if (rule === 'default')
    return sequence(
      split('[\\p{P}\\$\\+<=>\\^~\\|]+'),
      split("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"),
      split('\\p{N}+'),
      split('[0-9][0-9][0-9]'),
      byteLevel(false),
    )
  return sequence(split(byPattern[rule]!), byteLevel(false))
}

/** Names whose models take a piece that is a token as a whole, and which begin texts with the begin token. */
export function ignoresMerges(name: string): boolean {
  return ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'pixtral', 'lfm2'].includes(name)
}
