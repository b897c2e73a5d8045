/** @file The options by which every command names and loads a model. */
import { choiceOption, flagOption, integerOption, required, textOption } from './option.ts'

/** How a local model is loaded. */
export const localModelOptions = {
  device: choiceOption('where it runs (default: auto)', ['auto', 'cpu', 'webgpu', 'cuda', 'coreml', 'directml']),
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
      description: 'an alias (lc models list), a .gguf file, a folder, or a hub name org/name',
    }),
  ),
  ...localModelOptions,
  server: textOption({
    placeholder: 'URL',
    description: 'use the model M of an OpenAI-compatible server, for example http://127.0.0.1:8000/v1',
  }),
}

/** `--accuracy`, with the default said where it is used. */
export function accuracyOption(otherwise: 'exact' | 'fast') {
  return choiceOption(`exact: float32 arithmetic; fast: 8-bit activations (default: ${otherwise})`, ['exact', 'fast'])
}
