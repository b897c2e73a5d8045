/** @file Prepared contexts of a model that stay in memory, up to a number of tokens; the least recently used go first. */
import type { PreparedContext } from '@lc/model'

interface Held {
  context: PreparedContext
  /** Calls that use it now. */
  users: number
}

/** Prepared contexts by key. What a call uses is not closed under it. */
export class ContextPool {
  readonly limitTokens: number
  /** In the order of their last use. */
  readonly #held = new Map<string, Held>()
  #tokens = 0

  constructor(limitTokens: number) {
    this.limitTokens = limitTokens
  }

  get tokens(): number {
    return this.#tokens
  }

  has(key: string): boolean {
    return this.#held.has(key)
  }

  /** The context of a key, which stays until it is released. */
  use(key: string): PreparedContext | undefined {
    const held = this.#held.get(key)
    if (!held) return undefined
    this.#held.delete(key)
    this.#held.set(key, held)
    held.users++
    return held.context
  }

  release(key: string): void {
    const held = this.#held.get(key)
    if (held) held.users--
  }

  /** Makes room for so many tokens by closing what nobody uses; false when that is not enough. */
  async makeRoom(tokens: number): Promise<boolean> {
    let free = this.limitTokens - this.#tokens
    const closed: string[] = []
    for (const [key, { context, users }] of this.#held) {
      if (free >= tokens) break
      if (users > 0) continue
      closed.push(key)
      free += context.length
    }
    // nothing is given up for what does not fit anyway
    if (free < tokens) return false
    for (const key of closed) await this.#close(key)
    return true
  }

  /** Keeps a context, in use. One that came first under the key stays. */
  async keep(key: string, context: PreparedContext): Promise<PreparedContext> {
    const before = this.use(key)
    if (before) {
      await context.close()
      return before
    }
    this.#held.set(key, { context, users: 1 })
    this.#tokens += context.length
    return context
  }

  async close(): Promise<void> {
    for (const key of [...this.#held.keys()]) await this.#close(key)
  }

  async #close(key: string): Promise<void> {
    const held = this.#held.get(key)
    if (!held) return
    this.#held.delete(key)
    this.#tokens -= held.context.length
    await held.context.close()
  }
}
