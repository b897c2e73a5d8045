/** @file Many sessions on one model within a budget of memory: those used longest ago wait in a store until they are used again. */
import type { CacheSession, LocalModel, SessionOptions } from '@lc/core'
import type { CallOptions } from '@lc/model'
import { checkArgument, checkInteger } from '@lc/model/check'
import { asyncDispose, DisposeGuard } from '@lc/model/dispose'
import { residentBytes } from './resident-bytes.ts'
import type { SessionStore } from './session-store.ts'
import { TurnsByKey } from './turns-by-key.ts'

/** Options of `SessionPool`. */
export interface SessionPoolOptions {
  readonly model: Pick<LocalModel, 'session'>
  /** Bytes of keys and values at most, of the sessions that are not at work. */
  readonly memoryBytes: number
  /** Where sessions wait that do not fit. */
  readonly store: SessionStore
  /** How sessions begin: policy, accuracy, planned length. */
  readonly session?: SessionOptions
}

/** Options of `SessionPool.use`. */
export interface UseOptions extends CallOptions {
  /** A session that is not there yet begins as a fork of this one, so that a common prefix is read once. */
  readonly from?: string
}

/** What a pool holds. */
export interface SessionPoolReport {
  /** Bytes of keys and values in memory; what forks share counts once. */
  readonly bytes: number
  readonly memoryBytes: number
  /** In memory, those used longest ago first. */
  readonly sessions: readonly { readonly key: string; readonly tokens: number; readonly slots: number }[]
  /** How often a session was written to the store to make room, and read from it. */
  readonly spills: number
  readonly restores: number
}

/**
 * Sessions by key. `use` gives one to some work and keeps it afterwards; work on one key waits its turn, work on others does not.
 * Where all together exceed the budget, those used longest ago are saved to the store and closed, and come back when they are used.
 *
 * A session at work is never saved away. What cannot be saved stays in memory as it was: the next `use` tries again, and fails with the
 * store's error before its work begins. A session that work leaves closed is forgotten; its last saved state stays in the store.
 */
export class SessionPool implements AsyncDisposable {
  readonly #options: SessionPoolOptions
  /** The order is that of use. */
  readonly #resident = new Map<string, CacheSession>()
  readonly #turns = new TurnsByKey()
  readonly #roomTurns = new TurnsByKey()
  readonly #guard: DisposeGuard
  #spills = 0
  #restores = 0

  /** @throws InvalidArgumentError for a budget that is no positive integer */
  constructor(options: SessionPoolOptions) {
    checkInteger(options.memoryBytes, 'memoryBytes', { min: 1 })
    this.#options = options
    this.#guard = new DisposeGuard('the session pool', () => this.#closeAll())
  }

  /**
   * Runs work on the session of a key, which is made, forked or restored where it is not in memory. Work on a key must not wait for
   * other work on the same key.
   *
   * @throws FileFormatError, InvalidArgumentError for a saved state that is not of this model and policy
   */
  use<T>(key: string, work: (session: CacheSession) => Promise<T>, options: UseOptions = {}): Promise<T> {
    return this.#guard.use(async () => {
      const { from, signal } = options
      try {
        if (from !== undefined) await this.#beginFrom(key, from, { signal })
        return await this.#turn(key, { signal }, () => this.#work(key, work, { signal }))
      } finally {
        // what cannot be saved now is tried again before the next work
        await this.#makeRoom({}).catch(() => undefined)
      }
    })
  }

  /** Saves sessions that are in memory, or one of them, and keeps them there: what the store has outlives the program. */
  async save(key?: string, options: CallOptions = {}): Promise<void> {
    const keys = key === undefined ? [...this.#resident.keys()] : [key]
    for (const each of keys)
      await this.#turn(each, options, async () => {
        const session = this.#resident.get(each)
        if (session) await this.#options.store.write(each, await session.save(), options)
      })
  }

  /** Forgets a session, in memory and in the store. */
  remove(key: string, options: CallOptions = {}): Promise<void> {
    return this.#turn(key, options, async () => {
      const session = this.#resident.get(key)
      this.#resident.delete(key)
      await session?.close()
      await this.#options.store.remove(key)
    })
  }

  report(): SessionPoolReport {
    const sessions = [...this.#resident].map(([key, { tokens, cache }]) => ({
      key,
      tokens: tokens.length,
      slots: cache.length,
    }))
    const bytes = residentBytes(this.#resident.values())
    return { bytes, memoryBytes: this.#options.memoryBytes, sessions, spills: this.#spills, restores: this.#restores }
  }

  /** Waits for work under way, then closes what is in memory; `save` first to keep it. Idempotent. */
  close(): Promise<void> {
    return this.#guard.close()
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  async #work<T>(key: string, work: (session: CacheSession) => Promise<T>, options: CallOptions): Promise<T> {
    await this.#makeRoom(options)
    const session = (await this.#find(key, options)) ?? this.#options.model.session(this.#options.session)
    this.#resident.set(key, session)
    try {
      return await work(session)
    } finally {
      await this.#settle(key, session)
    }
  }

  /** One piece of work on a key after the other. */
  #turn<T>(key: string, { signal }: CallOptions, work: () => Promise<T>): Promise<T> {
    checkArgument(typeof key === 'string' && key !== '', 'key', key, 'a text that is not empty')
    return this.#guard.use(() =>
      this.#turns.run(key, async () => {
        signal?.throwIfAborted()
        return work()
      }),
    )
  }

  /** The session of a key from memory, or else from the store. In the key's turn only. */
  async #find(key: string, { signal }: CallOptions): Promise<CacheSession | undefined> {
    const resident = this.#resident.get(key)
    if (resident) return resident
    const bytes = await this.#options.store.read(key, { signal })
    if (!bytes) return undefined
    const session = this.#options.model.session(this.#options.session)
    try {
      signal?.throwIfAborted()
      await session.restore(bytes)
    } catch (error) {
      await session.close()
      throw error
    }
    this.#restores++
    this.#resident.set(key, session)
    return session
  }

  /** Forks another session where a key has none yet. One turn after the other: two that wait for each other would wait forever. */
  async #beginFrom(key: string, from: string, options: CallOptions): Promise<void> {
    checkArgument(from !== key, 'from', from, 'another session')
    if (await this.#turn(key, options, () => this.#find(key, options))) return
    const fork = await this.#turn(from, options, async () => {
      const origin = await this.#find(from, options)
      checkArgument(origin !== undefined, 'from', from, 'the key of a session that is there')
      await this.#settle(from, origin)
      return origin.fork()
    })
    await this.#turn(key, {}, async () => {
      if (this.#resident.has(key)) await fork.close()
      else this.#resident.set(key, fork)
    })
  }

  /** Puts a session behind all others; one that cannot be used any more is forgotten. */
  async #settle(key: string, session: CacheSession): Promise<void> {
    this.#resident.delete(key)
    if (isOpen(session)) this.#resident.set(key, session)
    else await session.close()
  }

  /** One at a time: two would both save sessions away for the same bytes. */
  #makeRoom(options: CallOptions): Promise<void> {
    return this.#roomTurns.run('room', async () => {
      for (const key of [...this.#resident.keys()]) {
        if (residentBytes(this.#resident.values()) <= this.#options.memoryBytes) return
        if (!this.#turns.busy(key)) await this.#spill(key, options)
      }
    })
  }

  #spill(key: string, options: CallOptions): Promise<void> {
    return this.#turn(key, options, async () => {
      const session = this.#resident.get(key)
      if (!session) return
      await this.#options.store.write(key, await session.save(), options)
      this.#resident.delete(key)
      await session.close()
      this.#spills++
    })
  }

  async #closeAll(): Promise<void> {
    for (const session of this.#resident.values()) await session.close()
    this.#resident.clear()
  }
}

function isOpen(session: CacheSession): boolean {
  try {
    session.cache.layer(0)
    return true
  } catch {
    return false
  }
}
