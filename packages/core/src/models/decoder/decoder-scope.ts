import type { DType } from '../../graph/dtype.ts'
import type { Graph } from '../../graph/graph.ts'
import { add } from '../../graph/ops/elementwise.ts'
import { transpose } from '../../graph/ops/movement.ts'
import type { Value } from '../../graph/value.ts'
import type { DecoderConfig } from './decoder-config.ts'
import type { ChooseForm, LinearForm, LinearGroup } from './linear-form.ts'
import type { WeightRecipe, WeightRecipes } from './weight-recipe.ts'

/** A decoder's graph under construction: its weights with their recipes, each declared once. */
export class DecoderScope {
  readonly graph: Graph
  readonly config: DecoderConfig
  /** Whether the residual stream is kept rotated; see `rotationMatrix`. */
  readonly rotated: boolean
  readonly #choose: ChooseForm
  readonly #recipes = new Map<string, WeightRecipe>()
  readonly #values = new Map<string, Value>()

  constructor(graph: Graph, config: DecoderConfig, options: { choose: ChooseForm; rotated: boolean }) {
    this.graph = graph
    this.config = config
    this.rotated = options.rotated
    this.#choose = options.choose
  }

  get recipes(): WeightRecipes {
    return this.#recipes
  }

  formOf(group: LinearGroup): LinearForm {
    return this.#choose(
      group.role,
      group.parts.map((part) => `${part.name}.weight`),
    )
  }

  /** A weight made by a recipe. */
  weight(name: string, dtype: DType, shape: readonly number[], recipe: WeightRecipe): Value {
    const known = this.#values.get(name)
    if (known) return known
    const value = this.graph.weight(name, dtype, shape)
    this.#recipes.set(name, recipe)
    this.#values.set(name, value)
    return value
  }

  /** A float32 weight as it is in the model. */
  plain(name: string, shape: readonly number[]): Value {
    return this.weight(name, 'float32', shape, { kind: 'plain', source: name })
  }

  /** The weight of a norm as a factor; ones where it is folded into what follows. */
  normWeight(name: string, size = this.config.hiddenSize, folded = this.rotated): Value {
    if (folded) return this.graph.constant(new Float32Array(size).fill(1), [size])
    const weight = this.plain(name, [size])
    return this.config.shiftedNorms ? add(weight, 1) : weight
  }

  /** Q of the rotated stream. */
  rotation(): Value {
    const size = this.config.hiddenSize
    return this.weight('rotation', 'float32', [size, size], { kind: 'rotation', size })
  }

  /** The transpose of Q, which undoes it. */
  rotationBack(): Value {
    return transpose(this.rotation())
  }

  /** `[columns, blocks]` with a one where a column lies in a block: x times it are the block sums of x, in one node. */
  blockIndicator(columns: number, blockSize: number): Value {
    const name = `block-indicator.${columns}.${blockSize}`
    const known = this.#values.get(name)
    if (known) return known
    const blocks = Math.ceil(columns / blockSize)
    const data = new Float32Array(columns * blocks)
    for (let column = 0; column < columns; column++) data[column * blocks + Math.floor(column / blockSize)] = 1
    const value = this.graph.constant(data, [columns, blocks])
    this.#values.set(name, value)
    return value
  }
}
