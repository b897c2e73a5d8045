/** @file Runs a parsed Jinja template with limits, so that a hostile template ends in an error and not in a hang. */
import { Environment, Interpreter } from '@huggingface/jinja'
import { InvalidArgumentError } from '@lc/model/errors'

/** A template may take so many steps, and so many more per message: real ones take about 50. */
const baseSteps = 100_000
const stepsPerMessage = 1000
const longestString = 1 << 24
const longestRange = 100_000
const deepest = 400

type Evaluate = Interpreter['evaluate']

/** The template went over a limit. */
export class TemplateLimit {
  readonly problem: string
  constructor(problem: string) {
    this.problem = problem
  }
}

class BoundedInterpreter extends Interpreter {
  readonly #mostSteps: number
  #steps = 0
  #depth = 0

  constructor(environment: Environment, mostSteps: number) {
    super(environment)
    this.#mostSteps = mostSteps
  }

  override evaluate(...[statement, environment]: Parameters<Evaluate>): ReturnType<Evaluate> {
    if (++this.#steps > this.#mostSteps) throw new TemplateLimit(`it takes more than ${this.#mostSteps} steps`)
    if (++this.#depth > deepest) throw new TemplateLimit(`it is nested deeper than ${deepest} levels`)
    const result = super.evaluate(statement, environment)
    this.#depth--
    const { value } = result as { value: unknown }
    if (typeof value === 'string' && value.length > longestString)
      throw new TemplateLimit(`it makes a text of more than ${longestString} characters`)
    if (Array.isArray(value) && value.length > longestRange * 10) throw new TemplateLimit('it makes too long a list')
    return result
  }
}

/** Renders a parsed template with the given variables and the functions that chat templates use. */
export function renderBounded(
  program: Parameters<Interpreter['run']>[0],
  variables: Record<string, unknown>,
  now: Date,
): string {
  const environment = new Environment()
  const globals: Record<string, unknown> = {
    true: true,
    false: false,
    none: null,
    True: true,
    False: false,
    None: null,
    range: boundedRange,
    strftime_now: (format: string) => formatTime(now, format),
    raise_exception: (message: unknown) => {
      throw new InvalidArgumentError({
        argument: 'messages',
        received: 'messages that the chat template refuses',
        allowed: `what the template takes: ${String(message).slice(0, 300)}`,
      })
    },
    ...variables,
  }
  for (const [name, value] of Object.entries(globals)) environment.set(name, value)
  const { messages } = variables
  const mostSteps = baseSteps + stepsPerMessage * (Array.isArray(messages) ? messages.length : 0)
  return String((new BoundedInterpreter(environment, mostSteps).run(program) as { value: unknown }).value)
}

function boundedRange(first: number, second?: number, step = 1): number[] {
  const [start, stop] = typeof second === 'number' ? [first, second] : [0, first]
  const length = step === 0 ? 0 : Math.max(0, Math.ceil((stop - start) / step))
  if (!(length <= longestRange)) throw new TemplateLimit(`it makes a range of ${length} numbers`)
  return Array.from({ length }, (_, i) => start + i * step)
}

function formatTime(date: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const month = (style: 'long' | 'short'): string => new Intl.DateTimeFormat('en', { month: style }).format(date)
  const day = (style: 'long' | 'short'): string => new Intl.DateTimeFormat('en', { weekday: style }).format(date)
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(date.getFullYear()),
    m: () => two(date.getMonth() + 1),
    d: () => two(date.getDate()),
    B: () => month('long'),
    b: () => month('short'),
    A: () => day('long'),
    a: () => day('short'),
    H: () => two(date.getHours()),
    M: () => two(date.getMinutes()),
    S: () => two(date.getSeconds()),
    '%': () => '%',
  }
  return format.replace(/%([YmdBbAaHMS%])/g, (_, letter: string) => parts[letter]!())
}
