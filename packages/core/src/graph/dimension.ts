/**
 * @file Sizes of tensors, known or symbolic. A symbolic size is a sum of products of names, written in one canonical form
 * (`P+T`, `2*T`, `B*T-1`), so that two sizes are equal exactly if their strings are.
 */
import { checkArgument } from '@lc/model/check'

/** A size: a number, or a symbolic expression such as `T`, `P+T` or `2*T`. */
export type Dimension = number | string

/** The sizes of a tensor, outermost first; empty for a scalar. */
export type Shape = readonly Dimension[]

/** Monomial (`B*T`, or the empty string for the constant) to its coefficient. */
type Polynomial = Map<string, number>

const factorPattern = /^(?:\d+|[A-Za-z_][A-Za-z0-9_]*)$/

function parse(dimension: Dimension): Polynomial {
  const result: Polynomial = new Map()
  if (typeof dimension === 'number') {
    checkArgument(Number.isSafeInteger(dimension), 'dimension', dimension, 'an integer or a symbolic size')
    if (dimension !== 0) result.set('', dimension)
    return result
  }
  for (const part of dimension
    .trim()
    .replace(/\s*([+*-])\s*/g, '$1')
    .replace(/-/g, '+-')
    .split('+')) {
    if (part === '' && dimension.trim().startsWith('-')) continue
    const negative = part.startsWith('-')
    let coefficient = negative ? -1 : 1
    const symbols: string[] = []
    for (const factor of (negative ? part.slice(1) : part).split('*')) {
      checkArgument(
        factorPattern.test(factor),
        'dimension',
        dimension,
        'a sum of products of names, such as P+T or 2*T',
      )
      if (/^\d/.test(factor)) coefficient *= Number(factor)
      else symbols.push(factor)
    }
    accumulate(result, symbols.sort().join('*'), coefficient)
  }
  return result
}

function accumulate(polynomial: Polynomial, monomial: string, coefficient: number): void {
  const sum = (polynomial.get(monomial) ?? 0) + coefficient
  if (sum === 0) polynomial.delete(monomial)
  else polynomial.set(monomial, sum)
}

function format(polynomial: Polynomial): Dimension {
  const constant = polynomial.get('') ?? 0
  const monomials = [...polynomial.keys()].filter((key) => key !== '').sort()
  if (monomials.length === 0) return constant
  const terms = monomials.map((key) => {
    const coefficient = polynomial.get(key)!
    if (coefficient === 1) return `+${key}`
    return coefficient === -1 ? `-${key}` : `${coefficient < 0 ? '' : '+'}${coefficient}*${key}`
  })
  if (constant !== 0) terms.push(constant < 0 ? String(constant) : `+${constant}`)
  const text = terms.join('')
  return text.startsWith('+') ? text.slice(1) : text
}

/** The canonical form of a size. Throws `InvalidArgumentError` where it is not a sum of products of names. */
export function normaliseDimension(dimension: Dimension): Dimension {
  return typeof dimension === 'number' ? format(parse(dimension)) : format(parse(dimension))
}

/** The sum of sizes. */
export function addDimensions(...dimensions: readonly Dimension[]): Dimension {
  const sum: Polynomial = new Map()
  for (const dimension of dimensions)
    for (const [monomial, coefficient] of parse(dimension)) accumulate(sum, monomial, coefficient)
  return format(sum)
}

/** The first size minus the second. */
export function subtractDimensions(left: Dimension, right: Dimension): Dimension {
  const difference = parse(left)
  for (const [monomial, coefficient] of parse(right)) accumulate(difference, monomial, -coefficient)
  return format(difference)
}

/** The product of sizes; 1 for none. */
export function multiplyDimensions(...dimensions: readonly Dimension[]): Dimension {
  let product: Polynomial = parse(1)
  for (const dimension of dimensions) {
    const next: Polynomial = new Map()
    for (const [left, a] of product)
      for (const [right, b] of parse(dimension)) {
        const symbols = [...left.split('*'), ...right.split('*')].filter((symbol) => symbol !== '')
        accumulate(next, symbols.sort().join('*'), a * b)
      }
    product = next
  }
  return format(product)
}

/** The exact quotient of two sizes where it can be told, otherwise `undefined`. The divisor must be one term, such as `8` or `2*T`. */
export function divideDimensions(left: Dimension, right: Dimension): Dimension | undefined {
  const divisor = [...parse(right)]
  const term = divisor[0]
  if (divisor.length !== 1 || term === undefined) return undefined
  const [symbols, coefficient] = term
  const quotient: Polynomial = new Map()
  for (const [monomial, value] of parse(left)) {
    const rest = monomial === '' ? [] : monomial.split('*')
    for (const symbol of symbols === '' ? [] : symbols.split('*')) {
      const at = rest.indexOf(symbol)
      if (at < 0) return undefined
      rest.splice(at, 1)
    }
    if (value % coefficient !== 0) return undefined
    accumulate(quotient, rest.join('*'), value / coefficient)
  }
  return format(quotient)
}

/** Whether two sizes are equal for all values of their names. */
export function sameDimension(left: Dimension, right: Dimension): boolean {
  return left === right || normaliseDimension(left) === normaliseDimension(right)
}

/** The value of a size when its names have values; `undefined` while one of them has none. */
export function evaluateDimension(dimension: Dimension, sizes: ReadonlyMap<string, number>): number | undefined {
  if (typeof dimension === 'number') return dimension
  // feeds are checked at every run, and most sizes are single names
  if (isSymbol(dimension)) return sizes.get(dimension)
  let sum = 0
  for (const [monomial, coefficient] of parse(dimension)) {
    let product = coefficient
    for (const symbol of monomial === '' ? [] : monomial.split('*')) {
      const size = sizes.get(symbol)
      if (size === undefined) return undefined
      product *= size
    }
    sum += product
  }
  return sum
}

/** Whether a size is a single name. */
export function isSymbol(dimension: Dimension): dimension is string {
  return typeof dimension === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(dimension)
}

/** A shape as text, for messages and printed graphs: `[B, 8, P+T]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`
}
