/** @file The options by which every command names and loads a model. */
import { choiceOption, flagOption, integerOption, required, textOption } from './option.ts'

/** How a local model is loaded. */
export const localModelOptions = {
  device: choiceOption('where it runs, by default auto', ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'directml']),
  contextLength: integerOption({
    placeholder: 'N',
    description: 'tokens of context, at most what the model has',
    min: 1,
  }),
  offline: flagOption('use only what is already on this machine'),
}

/** Which model, and how it is loaded or reached. */
export const modelOptions = {
  model: required(
    textOption({
      placeholder: 'M',
      description: 'an alias (lc models list), a .gguf file, a folder, or a hub name',
    }),
  ),
  ...localModelOptions,
  server: textOption({
    placeholder: 'URL',
    description: 'M is a model of this OpenAI-compatible server, as http://127.0.0.1:8000/v1',
  }),
  tokenizer: textOption({
    placeholder: 'M',
    description: 'with --server: a local model with the same tokenizer',
  }),
}

/** `--accuracy`, with the default said where it is used. */
export function accuracyOption(otherwise: 'exact' | 'fast') {
  return choiceOption(`exact: float32 arithmetic; fast: 8-bit activations (default: ${otherwise})`, ['exact', 'fast'])
}
