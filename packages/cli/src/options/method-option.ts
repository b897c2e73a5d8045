import { choiceOption } from './option.ts'

/** How text is shortened, as `--method` names it. */
export const methodNames = [
  'longcodezip',
  'llmlingua',
  'longllmlingua',
  'llmlingua2',
  'selective-context',
  'specpc',
  'no-model',
] as const
/** One of the methods. */
export type MethodName = (typeof methodNames)[number]

/** `--method`. */
export const methodOption = choiceOption('default: by content', methodNames)
