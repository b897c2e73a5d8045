import { describe, expect, test } from 'vitest'
import { DisposedError } from '../errors/disposed-error.ts'
import { asyncDispose } from './async-dispose.ts'
import { DisposeGuard } from './dispose-guard.ts'
import { Scope } from './scope.ts'

describe('DisposeGuard', () => {
  test('waits for every handle before it frees, and frees once', async () => {
    let freed = 0
    const guard = new DisposeGuard('the model', () => {
      freed++
    })
    const [first, second] = [guard.hold(), guard.hold()]
    const closing = guard.close()
    expect(guard.close()).toBe(closing)
    expect(guard.closed).toBe(true)
    first.release()
    first.release()
    await Promise.resolve()
    expect(freed).toBe(0)
    second.release()
    await closing
    expect(freed).toBe(1)
  })

  test('refuses new work from close on', async () => {
    const guard = new DisposeGuard('the model', () => {})
    const closing = guard.close()
    expect(() => guard.hold()).toThrow(DisposedError)
    expect(() => guard.check()).toThrow('the model is closed')
    await expect(guard.use(async () => 1)).rejects.toBeInstanceOf(DisposedError)
    await closing
  })

  test('use holds it open, also when the work fails', async () => {
    const order: string[] = []
    const guard = new DisposeGuard('the model', () => {
      order.push('freed')
    })
    const failing = guard.use(async () => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      order.push('worked')
      throw new DOMException('broken')
    })
    const closing = guard.close()
    await expect(failing).rejects.toThrow('broken')
    await closing
    expect(order).toEqual(['worked', 'freed'])
  })
})

describe('Scope', () => {
  test('closes in reverse order, whatever the form of the child', async () => {
    const order: string[] = []
    const scope = new Scope()
    scope.keep({ close: async () => order.push('close') })
    scope.keep({ dispose: () => order.push('dispose') })
    scope.keep({ [asyncDispose]: async () => order.push('async') })
    scope.defer(() => order.push('deferred'))
    await scope.close()
    await scope.close()
    expect(order).toEqual(['deferred', 'async', 'dispose', 'close'])
  })

  test('does not close what was released', async () => {
    let closed = false
    const child = {
      close: () => {
        closed = true
      },
    }
    const scope = new Scope()
    expect(scope.release(scope.keep(child))).toBe(child)
    await scope.close()
    expect(closed).toBe(false)
  })

  test('closes the others when one fails, then throws', async () => {
    const failure = new DOMException('broken')
    let closed = false
    const scope = new Scope()
    scope.defer(() => {
      closed = true
    })
    scope.defer(() => Promise.reject(failure))
    await expect(scope.close()).rejects.toBe(failure)
    expect(closed).toBe(true)
    expect(() => scope.keep({ close() {} })).toThrow(DisposedError)
  })

  test('several failures come together', async () => {
    const scope = new Scope()
    scope.defer(() => Promise.reject(new DOMException('a')))
    scope.defer(() => Promise.reject(new DOMException('b')))
    const error = (await scope.close().catch((thrown: unknown) => thrown)) as AggregateError
    expect(error.errors.map((each: Error) => each.message)).toEqual(['b', 'a'])
  })

  test('works with the async dispose symbol', async () => {
    let closed = false
    const scope = new Scope()
    scope.defer(() => {
      closed = true
    })
    await scope[asyncDispose]()
    expect(closed && scope.closed).toBe(true)
  })
})
