/** @file The options of the commands that compress files: `lc compress` and `lc ask`. */
import { methodOption } from './method-option.ts'
import { accuracyOption, modelOptions } from './model-options.ts'
import { choiceOption, flagOption, integerOption, required, textOption, textsOption } from './option.ts'
import { protectionOptions } from './protection-options.ts'

/** What is read, for which question, and how much of it may stay. */
export const contextOptions = {
  query: required(textOption({ placeholder: 'Q', description: 'the question that decides what is kept' })),
  budget: required(
    integerOption({ placeholder: 'N', description: "tokens to keep at most, in the model's tokenizer" }),
  ),
  ...modelOptions,
  include: textsOption({ placeholder: 'GLOB', description: 'in folders take only these, in the form of .gitignore' }),
  exclude: textsOption({ placeholder: 'GLOB', description: 'in folders leave these out' }),
  method: methodOption,
  mode: choiceOption('joint: one selection over all files; paper: budgets per unit (default: joint)', [
    'joint',
    'paper',
  ]),
  ...protectionOptions,
  accuracy: accuracyOption('fast'),
  explain: flagOption('say why this method, what each unit scored, what was dropped and what was protected'),
  noCache: flagOption('ask the model anew: neither use nor keep scores in the cache folder'),
  html: textOption({ placeholder: 'FILE', description: 'write a heat-map of what was kept' }),
}
