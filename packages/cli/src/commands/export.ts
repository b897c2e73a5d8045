import { resolve } from 'node:path'
import { exportModel } from '@lc/core/export'
import { folderOnDisk } from '@lc/core/node'
import { defineCommand } from '../command/command.ts'
import { UsageError } from '../errors/usage-error.ts'
import { openFiles } from '../model/model-files.ts'
import { accuracyOption } from '../options/model-options.ts'
import { choiceOption, flagOption } from '../options/option.ts'

/** `lc export`: a model for transformers.js. */
export const exportCommand = defineCommand({
  name: 'export',
  summary: 'a model as an ONNX folder that transformers.js opens',
  usage: 'MODEL DIR',
  takesNames: true,
  options: {
    dtype: choiceOption('weights, by default float32', ['float32', 'q8', 'q4']),
    accuracy: accuracyOption('fast'),
    offline: flagOption('use only what is already on this machine'),
  },
  examples: [
    {
      line: 'lc export smollm2-135m smollm2-onnx',
      explains: 'float32 weights: what dtype "fp32" of transformers.js opens',
    },
    {
      line: 'lc export smollm2-135m smollm2-onnx --dtype q4',
      explains: 'the 4-bit weights of the GGUF file, without loss',
    },
  ],
  async run(context, { positionals, options }) {
    const [model, folder, ...more] = positionals
    if (model === undefined || folder === undefined || more.length > 0)
      throw new UsageError({ problem: 'MODEL and DIR are needed', command: 'export' })
    const { dtype = 'float32', accuracy = 'fast', offline } = options
    const { cwd, signal, output } = context
    const files = await openFiles(model, { offline }, context)
    try {
      const target = resolve(cwd, folder)
      const result = await exportModel(files, folderOnDisk(target), {
        dtype,
        accuracy,
        signal,
        onProgress: output.progress,
      })
      output.result({ folder: target, ...result }, result.files.map((file) => `${folder}/${file}`).join('\n'))
    } finally {
      await files.close()
    }
    return 0
  },
})
