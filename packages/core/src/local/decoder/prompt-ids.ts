import type { GenerateRequest, JsonValue } from '@lc/model'
import { UnsupportedCapabilityError } from '@lc/model/errors'
import type { ModelFiles } from '../../model-files/model-files.ts'

/** The token ids of what a request asks to continue. */
export function promptIds(request: GenerateRequest, files: ModelFiles): Uint32Array {
  const { tokenizer, chatTemplate } = files
  // raw text is continued as it stands, behind the model's own begin token
  if (request.prompt !== undefined) return tokenizer.encode(request.prompt, { special: 'model' }).ids
  if (!chatTemplate)
    throw new UnsupportedCapabilityError({
      model: files.name,
      capability: 'answer messages, as it has no chat template',
      alternatives: 'give a prompt instead',
    })
  const { text, literal } = chatTemplate.render({
    messages: request.messages!,
    ...(request.tools && request.toolChoice !== 'none' && { tools: request.tools }),
    ...(request.continueFinalMessage && { continueFinalMessage: true }),
    ...(hasVariables(request) && { variables: request.variables }),
  })
  return tokenizer.encodeRendered(text, literal).ids
}

/** More variables of the template, for callers of local models. */
function hasVariables(request: object): request is { variables: Record<string, JsonValue> } {
  return 'variables' in request && typeof request.variables === 'object' && request.variables !== null
}
