/** @file Sessions shared by owners that compiled the same graph with the same weights. */
import type { ProgramMemory } from './memory-report.ts'
import type { OrtSession } from './ort-module.ts'

interface Entry {
  readonly session: Promise<OrtSession>
  readonly memory: Omit<ProgramMemory, 'owners'>
  owners: number
}

/** A session and the way to give it back. */
export interface SharedSession {
  readonly session: OrtSession
  release(): Promise<void>
}

/** Keeps each session as long as it has owners. */
export class ProgramCache {
  readonly #entries = new Map<string, Entry>()

  /** The session of a key, made if there is none yet. */
  async acquire(
    key: string,
    memory: Omit<ProgramMemory, 'owners'>,
    create: () => Promise<OrtSession>,
  ): Promise<SharedSession> {
    const entry = this.#entries.get(key) ?? { session: create(), memory, owners: 0 }
    this.#entries.set(key, entry)
    entry.owners += 1
    try {
      const session = await entry.session
      return { session, release: () => this.#release(key, entry, session) }
    } catch (error) {
      this.#forget(key, entry)
      throw error
    }
  }

  /** Sizes of the sessions alive. */
  report(): readonly ProgramMemory[] {
    return [...this.#entries.values()].map(({ memory, owners }) => ({ ...memory, owners }))
  }

  async #release(key: string, entry: Entry, session: OrtSession): Promise<void> {
    entry.owners -= 1
    if (entry.owners > 0) return
    this.#forget(key, entry)
    await session.release()
  }

  #forget(key: string, entry: Entry): void {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
  }
}

const identities = new WeakMap<ArrayBufferView, number>()
let nextIdentity = 0

/** A number for an array that is the same as long as it is the same object. */
export function identityOf(data: ArrayBufferView): number {
  const known = identities.get(data)
  if (known !== undefined) return known
  nextIdentity += 1
  identities.set(data, nextIdentity)
  return nextIdentity
}
