import { expect, test } from 'vitest'
import { UsageError } from '../errors/usage-error.ts'
import {
  choiceOption,
  flagOption,
  integerOption,
  numberOption,
  required,
  textOption,
  textsOption,
  withDefault,
} from './option.ts'
import { parseOptions } from './parse-options.ts'

const table = {
  model: required(textOption({ placeholder: 'M', description: 'the model' })),
  maxTokens: withDefault(integerOption({ placeholder: 'N', description: 'tokens', min: 1 }), 64),
  temperature: integerlessNumber(),
  accuracy: choiceOption('exact or fast', ['exact', 'fast']),
  include: textsOption({ placeholder: 'GLOB', description: 'globs' }),
  raw: flagOption('no template'),
}

function integerlessNumber() {
  return numberOption({ placeholder: 'T', description: 'temperature', min: 0, max: 2 })
}

test('values are typed, defaults filled in, camel case is typed with dashes', () => {
  const words = [
    'a',
    '--model=m',
    '--max-tokens',
    '7',
    '--temperature',
    '0.5',
    '--include',
    '*.ts',
    '--include',
    'x',
    'b',
    '--raw',
  ]
  expect(parseOptions(words, table)).toEqual({
    positionals: ['a', 'b'],
    values: { model: 'm', maxTokens: 7, temperature: 0.5, accuracy: undefined, include: ['*.ts', 'x'], raw: true },
  })
  expect(parseOptions(['--model', 'm'], table).values.maxTokens).toBe(64)
})

test('after -- everything is a name, and - is one', () => {
  expect(parseOptions(['--model', 'm', '-', '--', '--raw'], table).positionals).toEqual(['-', '--raw'])
})

test.each([
  [['--model'], /--model/],
  [[], /--model M is needed/],
  [['--model', 'm', '--max-tokens', '1.5'], /--max-tokens must be an integer >= 1; got "1\.5"/],
  [['--model', 'm', '--max-tokens', '0'], /--max-tokens must be an integer >= 1/],
  [['--model', 'm', '--max-tokens', '1e3'], /--max-tokens must be an integer/],
  [['--model', 'm', '--max-tokens=-3'], /--max-tokens must be an integer/],
  [['--model', 'm', '--temperature', ''], /--temperature must be a number from 0 to 2/],
  [['--model', 'm', '--temperature', 'warm'], /--temperature must be a number/],
  [['--model', 'm', '--accuracy', 'exactly'], /--accuracy must be one of exact, fast; got "exactly"/],
  [['--model', 'm', '--nonsense'], /unknown option '--nonsense'/],
  [['--model', 'm', '--raw=yes'], /--raw/],
])('%j is wrong usage', (words, problem) => {
  expect(() => parseOptions(words, table)).toThrow(UsageError)
  expect(() => parseOptions(words, table)).toThrow(problem)
})
