import { choiceOption, textsOption } from './option.ts'

/** What must survive. */
export const protectionOptions = {
  protect: choiceOption('protected text that does not fit is given up last, or is an error (default: prefer)', [
    'prefer',
    'require',
  ]),
  phrase: textsOption({ placeholder: 'TEXT', description: 'text that survives as long as it can, taken literally' }),
}
