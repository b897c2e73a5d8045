import type { Remember } from './bench-journal.ts'
import { type Contestant, ContestantProcess, type Request, type Response } from './contestant-process.ts'
import type { SuiteTable } from './suite.ts'

export interface Measurement {
  contestant: string
  what: string
  /** One response per round; failed rounds are left out. */
  responses: Response[]
}

/** What to ask of every contestant: a name for the table and the request. */
export interface Task {
  what: string
  request: Request
  /** Contestants that this task is for; all by default. */
  only?: (contestant: Contestant) => boolean
}

type Started = { running: ContestantProcess[]; absent: SuiteTable['absent']; versions: Record<string, string> }

async function start(contestants: readonly Contestant[], model: string): Promise<Started> {
  const started: Started = { running: [], absent: [], versions: {} }
  for (const contestant of contestants) {
    if (contestant.missing) {
      started.absent.push({ contestant: contestant.name, reason: contestant.missing })
      continue
    }
    const child = new ContestantProcess(contestant)
    const loaded = await child.request({ op: 'load', model })
    if (loaded.error) {
      started.absent.push({ contestant: contestant.name, reason: loaded.error.split('\n')[0]! })
      await child.close()
      continue
    }
    started.versions[contestant.name] = loaded.version ?? ''
    started.running.push(child)
  }
  return started
}

/**
 * Starts every contestant once, loads the model, and lets them take turns: round by round, task by task, one contestant
 * after the other. The first round warms up and is not counted. With `remember` each turn is recorded, and one that was is not
 * taken again; a contestant then warms up right before the first turn that it takes.
 */
export async function interleave(
  contestants: readonly Contestant[],
  model: string,
  tasks: readonly Task[],
  rounds: number,
  say: (line: string) => void,
  remember?: Remember,
): Promise<{ measurements: Measurement[]; absent: SuiteTable['absent']; versions: Record<string, string> }> {
  const { running, absent, versions } = await start(contestants, model)
  const measurements = new Map<string, Measurement>()
  const warm = new Set<string>()
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const task of tasks) {
        const taking = running.filter(({ contestant }) => task.only?.(contestant) ?? true)
        if (!remember) await takeTurns(taking, task, round, measurements, say)
        else if (round > 0) await takeRecordedTurns(taking, { task, round, warm, remember }, measurements, say)
      }
    }
  } finally {
    for (const child of running) await child.close()
  }
  return { measurements: [...measurements.values()], absent, versions }
}

async function takeTurns(
  running: readonly ContestantProcess[],
  task: Task,
  round: number,
  measurements: Map<string, Measurement>,
  say: (line: string) => void,
): Promise<void> {
  for (const child of running) {
    const { name } = child.contestant
    const response = await child.request(task.request)
    const outcome = response.error?.split('\n')[0] ?? `${response.ms?.toFixed(0)} ms`
    say(`${round === 0 ? 'warm-up' : `round ${round}`}  ${name}  ${task.what}: ${outcome}`)
    if (round > 0 && !response.error) record(measurements, name, task.what, response)
  }
}

interface RecordedTurns {
  readonly task: Task
  readonly round: number
  /** Contestants and tasks that are warm. */
  readonly warm: Set<string>
  readonly remember: Remember
}

async function takeRecordedTurns(
  running: readonly ContestantProcess[],
  { task, round, warm, remember }: RecordedTurns,
  measurements: Map<string, Measurement>,
  say: (line: string) => void,
): Promise<void> {
  for (const child of running) {
    const { name } = child.contestant
    const own = `${name}: ${task.what}`
    const work = async (): Promise<Response> => {
      const first = warm.has(own) ? undefined : await child.request(task.request)
      warm.add(own)
      const response = first?.error ? first : await child.request(task.request)
      // what failed is not recorded
      if (response.error) throw new Error(response.error)
      return response
    }
    try {
      const response = await remember(`${own}, round ${round}`, () => undefined, work)
      say(`round ${round}  ${own}: ${response.ms?.toFixed(0)} ms`)
      record(measurements, name, task.what, response)
    } catch (error) {
      say(`round ${round}  ${own}: ${String((error as Error).message).split('\n')[0]}`)
    }
  }
}

function record(measurements: Map<string, Measurement>, contestant: string, what: string, response: Response): void {
  const key = `${contestant}\n${what}`
  const entry = measurements.get(key) ?? { contestant, what, responses: [] }
  entry.responses.push(response)
  measurements.set(key, entry)
}
