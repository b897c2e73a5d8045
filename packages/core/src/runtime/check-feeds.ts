/** @file Checks feeds and fetches against a graph before they reach native code, where a wrong size would be fatal. */
import { checkArgument } from '@lc/model/check'
import { InvalidArgumentError } from '@lc/model/errors'
import { ShapeError } from '../errors/shape-error.ts'
import { evaluateDimension, isSymbol } from '../graph/dimension.ts'
import { holds } from '../graph/dtype.ts'
import type { TensorType } from '../graph/value.ts'
import type { Tensor } from './tensor.ts'

/** Names and types of the inputs or outputs of a program. */
export type Signature = ReadonlyMap<string, TensorType>

/**
 * Checks that all inputs are fed with the right type and sizes, and that each symbolic size has one value.
 * @throws InvalidArgumentError for missing or unknown names and wrong arrays; ShapeError for sizes.
 */
export function checkFeeds(program: string, inputs: Signature, feeds: Readonly<Record<string, Tensor>>): void {
  // this runs at every step of a generation: texts are only made when something is wrong
  for (const name of Object.keys(feeds)) if (!inputs.has(name)) throw unknownName(`feeds of ${program}`, name, inputs)
  const sizes = new Map<string, number>()
  for (const [name, type] of inputs) {
    const feed = feeds[name]
    if (feed === undefined) throw missingFeed(name, type)
    checkTensor(name, type, feed)
    for (let axis = 0; axis < type.shape.length; axis += 1) {
      const size = type.shape[axis]!
      if (typeof size === 'string' && !sizes.has(size) && isSymbol(size)) sizes.set(size, feed.shape[axis]!)
    }
  }
  for (const [name, type] of inputs) checkSizes(name, type, feeds[name]!, sizes)
}

function checkSizes(name: string, type: TensorType, feed: Tensor, sizes: ReadonlyMap<string, number>): void {
  for (let axis = 0; axis < type.shape.length; axis += 1) {
    const size = type.shape[axis]!
    const expected = typeof size === 'number' ? size : (sizes.get(size) ?? evaluateDimension(size, sizes))
    if (expected !== undefined && expected !== feed.shape[axis]) throw mismatch(name, type, feed, sizes)
  }
}

function checkTensor(name: string, type: TensorType, feed: Tensor): void {
  if (feed.dtype !== type.dtype)
    throw new InvalidArgumentError({ argument: `feeds.${name}.dtype`, received: feed.dtype, allowed: type.dtype })
  if (feed.shape.length !== type.shape.length) throw mismatch(name, type, feed)
  let count = 1
  for (const size of feed.shape) {
    if (!Number.isSafeInteger(size))
      throw new InvalidArgumentError({ argument: `feeds.${name}.shape`, received: size, allowed: 'whole sizes' })
    // several kernels divide by sizes: an empty tensor would end the process, not only the run
    if (size < 1) throw empty(name, feed)
    count *= size
  }
  if (!('data' in feed) || (holds(feed.dtype, feed.data) && feed.data.length === count)) return
  const allowed = `an array for ${feed.dtype} of ${count} elements, as its shape says`
  throw new InvalidArgumentError({ argument: `feeds.${name}.data`, received: feed.data, allowed })
}

function missingFeed(name: string, type: TensorType): InvalidArgumentError {
  const allowed = `a ${type.dtype} tensor [${type.shape.join(', ')}]`
  return new InvalidArgumentError({ argument: `feeds.${name}`, received: undefined, allowed })
}

function unknownName(argument: string, received: string, known: Signature): InvalidArgumentError {
  return new InvalidArgumentError({ argument, received, allowed: `among ${[...known.keys()].join(', ')}` })
}

function mismatch(name: string, type: TensorType, feed: Tensor, sizes?: ReadonlyMap<string, number>): ShapeError {
  const known =
    sizes === undefined || sizes.size === 0
      ? ''
      : ` with ${[...sizes].map(([key, value]) => `${key} = ${value}`).join(', ')}`
  return new ShapeError({
    op: `input ${name}`,
    shapes: [`[${feed.shape.join(', ')}]`],
    rule: `the shape must be [${type.shape.join(', ')}]${known}`,
  })
}

function empty(name: string, feed: Tensor): ShapeError {
  const rule = 'a tensor must not be empty: keep one element and mask it'
  return new ShapeError({ op: `input ${name}`, shapes: [`[${feed.shape.join(', ')}]`], rule })
}

/** Checks that every name asked for is an output. */
export function checkFetches(program: string, outputs: Signature, fetches: readonly string[]): void {
  checkArgument(fetches.length > 0, 'fetches', fetches, 'at least one output')
  for (const name of fetches) if (!outputs.has(name)) throw unknownName(`fetches of ${program}`, name, outputs)
}
