import { choiceOption } from './option.ts'

/** How text is shortened, as `--method` names it. */
export const methodNames = ['longcodezip', 'llmlingua', 'longllmlingua', 'selective-context', 'no-model'] as const
/** One of the methods. */
export type MethodName = (typeof methodNames)[number]

/** `--method`. */
export const methodOption = choiceOption('how it is shortened (default: longcodezip)', methodNames)
