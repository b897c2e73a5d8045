/** @file A model in one or several GGUF files. */
import type { CallOptions } from '@lc/model'
import { FileFormatError } from '../errors/file-format-error.ts'
import { buildTokenizer } from '../tokenizer/build-tokenizer.ts'
import { tokenizerFromGguf } from '../tokenizer/from-gguf.ts'
import { jinjaChatTemplate } from '../tokenizer/jinja-chat-template.ts'
import type { ByteSource } from '../weights/byte-source.ts'
import { dequantiseBlocks } from '../weights/gguf/dequantise.ts'
import { ggufConfig, ggufHeadCounts, type RopeFactors } from '../weights/gguf/gguf-config.ts'
import type { GgufMetadata } from '../weights/gguf/gguf-metadata.ts'
import { type GgufPart, ggufWeights } from '../weights/gguf/gguf-weights.ts'
import { readGgufHeader } from '../weights/gguf/read-gguf-header.ts'
import { endTokensOf } from './end-tokens.ts'
import type { ModelFiles } from './model-files.ts'

export interface OpenGgufOptions extends CallOptions {
  /** The first file; the others of a split model are opened by `openPart`. */
  readonly source: ByteSource
  readonly openPart: (name: string) => Promise<ByteSource>
  /** Hashes the files that hold the weights. */
  readonly hashOf: (sources: readonly ByteSource[]) => Promise<string>
}

/**
 * Opens a GGUF model: configuration and tokenizer from the metadata, weights by their Hugging Face names.
 *
 * @throws FileFormatError, UnsupportedModelError.
 */
export async function openGguf(options: OpenGgufOptions): Promise<ModelFiles> {
  const parts = await openParts(options)
  const { metadata } = parts[0]!.header
  const architecture = metadata.string('general.architecture') ?? ''
  const tensors = new Map(parts.flatMap((part) => [...part.header.tensors]))
  const config = ggufConfig({
    metadata,
    hasOutput: tensors.has('output.weight'),
    hasBias: (name) => tensors.has(`blk.0.${name}.bias`),
    vocabularySize: tensors.get('token_embd.weight')?.shape[0] ?? 0,
    ropeFactors: await readRopeFactors(parts, options.signal),
  })
  const decoder = architecture !== 'bert' && architecture !== 'modern-bert'
  const weights = ggufWeights(parts, { architecture, ...(decoder && ggufHeadCounts(metadata)) })
  const tokenizerDefinition = tokenizerFromGguf(metadata)
  const tokenizer = buildTokenizer(tokenizerDefinition)
  const template = metadata.string('tokenizer.chat_template')
  return {
    name: options.source.name,
    ...(options.source.path !== undefined && { path: options.source.path }),
    config,
    weights,
    tokenizer,
    tokenizerDefinition,
    ...(template !== undefined && {
      chatTemplate: jinjaChatTemplate(template, {
        file: options.source.name,
        tokenizer,
        toolSource: metadata.string('tokenizer.chat_template.tool_use'),
      }),
    }),
    endTokens: endTokensOf(tokenizer, [
      config.eos_token_id,
      metadata.count('tokenizer.ggml.eot_token_id'),
      metadata.count('tokenizer.ggml.eom_token_id'),
    ]),
    hash: await options.hashOf(parts.map((part) => part.source)),
    ...(guessesSplits(metadata) && {
      warnings: ['the file does not say how its tokenizer splits text; texts may get other tokens than in training'],
    }),
    close: () => weights.close(),
  }
}

/** A byte-level vocabulary without a named pre-tokenizer. */
function guessesSplits(metadata: GgufMetadata): boolean {
  return (
    metadata.string('tokenizer.ggml.model') === 'gpt2' &&
    (metadata.string('tokenizer.ggml.pre') ?? 'default') === 'default' &&
    !metadata.has('tokenizer.huggingface.json')
  )
}

async function openParts({ source, openPart, signal }: OpenGgufOptions): Promise<GgufPart[]> {
  const parts: GgufPart[] = [{ source, header: await readGgufHeader(source, signal) }]
  try {
    const count = parts[0]!.header.metadata.count('split.count') ?? 1
    if (count <= 1) return parts
    const name = /^(.*)-00001-of-(\d{5})\.gguf$/.exec(fileName(source.name))
    if (!name || Number(name[2]) !== count)
      throw splitProblem(
        source,
        `it is part of ${count} files; open the one named ...-00001-of-${String(count).padStart(5, '0')}.gguf`,
      )
    for (let part = 2; part <= count; part++) {
      const next = await openPart(`${name[1]}-${String(part).padStart(5, '0')}-of-${name[2]}.gguf`)
      parts.push({ source: next, header: await readGgufHeader(next, signal) })
      const number = parts.at(-1)!.header.metadata.count('split.no')
      if (number !== part - 1) throw splitProblem(next, `its metadata says that it is part ${number}, not ${part - 1}`)
    }
    const total = parts.reduce((sum, part) => sum + part.header.tensors.size, 0)
    const expected = parts[0]!.header.metadata.count('split.tensors.count')
    if (expected !== undefined && expected !== total)
      throw splitProblem(source, `its ${count} parts hold ${total} tensors, not ${expected}`)
    return parts
  } catch (error) {
    for (const part of parts) if (part.source !== source) await part.source.close()
    throw error
  }
}

function splitProblem(source: ByteSource, problem: string): FileFormatError {
  return new FileFormatError({ file: source.name, format: 'gguf', problem })
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

async function readRopeFactors(parts: readonly GgufPart[], signal: AbortSignal | undefined): Promise<RopeFactors> {
  const read = async (name: string): Promise<Float32Array | undefined> => {
    for (const { source, header } of parts) {
      const tensor = header.tensors.get(name)
      if (!tensor) continue
      const count = tensor.byteLength / tensor.type.blockBytes
      if (count > 4096) throw splitProblem(source, `tensor ${name} has more elements than a head can have`)
      const out = new Float32Array(count * tensor.type.blockElements)
      dequantiseBlocks(tensor.type.name, await source.read(tensor.offset, tensor.byteLength, signal), 0, count, out, 0)
      return out
    }
    return undefined
  }
  return {
    frequencies: await read('rope_freqs.weight'),
    long: await read('rope_factors_long.weight'),
    short: await read('rope_factors_short.weight'),
  }
}
