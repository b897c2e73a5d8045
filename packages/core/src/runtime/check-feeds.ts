/** @file Checks feeds and fetches against a graph before they reach native code, where a wrong size would be fatal. */
import { checkArgument } from '@lc/model/check'
import { ShapeError } from '../errors/shape-error.ts'
import { type Dimension, evaluateDimension, isSymbol } from '../graph/dimension.ts'
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
  for (const name of Object.keys(feeds))
    checkArgument(inputs.has(name), `feeds of ${program}`, name, `among ${[...inputs.keys()].join(', ')}`)
  const sizes = new Map<string, number>()
  for (const [name, type] of inputs) {
    const feed = feeds[name]
    checkArgument(feed !== undefined, `feeds.${name}`, feed, `a ${type.dtype} tensor [${type.shape.join(', ')}]`)
    checkTensor(name, type, feed)
    type.shape.forEach((size, axis) => {
      if (isSymbol(size) && !sizes.has(size)) sizes.set(size, feed.shape[axis]!)
    })
  }
  for (const [name, type] of inputs)
    type.shape.forEach((size, axis) => {
      checkSize(name, type, feeds[name]!, size, axis, sizes)
    })
}

function checkTensor(name: string, type: TensorType, feed: Tensor): void {
  checkArgument(feed.dtype === type.dtype, `feeds.${name}.dtype`, feed.dtype, type.dtype)
  if (feed.shape.length !== type.shape.length) throw mismatch(name, type, feed)
  let count = 1
  for (const size of feed.shape) {
    checkArgument(Number.isSafeInteger(size), `feeds.${name}.shape`, size, 'whole sizes')
    // several kernels divide by sizes: an empty tensor would end the process, not only the run
    if (size < 1) throw empty(name, feed)
    count *= size
  }
  if (!('data' in feed)) return
  const allowed = `an array for ${feed.dtype} of ${count} elements, as its shape says`
  checkArgument(holds(feed.dtype, feed.data) && feed.data.length === count, `feeds.${name}.data`, feed.data, allowed)
}

function checkSize(
  name: string,
  type: TensorType,
  feed: Tensor,
  size: Dimension,
  axis: number,
  sizes: ReadonlyMap<string, number>,
): void {
  const expected = evaluateDimension(size, sizes)
  if (expected !== undefined && expected !== feed.shape[axis]) throw mismatch(name, type, feed, sizes)
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
  for (const name of fetches)
    checkArgument(outputs.has(name), `fetches of ${program}`, name, `among ${[...outputs.keys()].join(', ')}`)
}
