/** @file Whether a drafted token is accepted, and what comes in its place. Pure arithmetic over distributions. */
import { checkNumber } from '@lc/model/check'

/** What a rule decides on. */
export interface AcceptInput {
  /** The target's distribution over the vocabulary, after temperature and cuts. */
  readonly target: Float64Array
  /** What the drafted token was drawn from. */
  readonly draft: Float64Array
  readonly id: number
  /** Whether the answer is greedy: no token is drawn. Distributions then are those at temperature 1. */
  readonly greedy: boolean
  readonly random: () => number
}

/** Gives the drafted token, or another in its place. */
export type AcceptRule = (input: AcceptInput) => number

/**
 * Speculative sampling: what comes out is distributed as the target alone would draw. The drafted token is accepted with probability
 * min(1, p(x) / q(x)); otherwise the token is drawn from the normalised max(p - q, 0). Greedy: the target's best token.
 *
 * Leviathan et al., "Fast Inference from Transformers via Speculative Decoding" (ICML 2023), algorithm 1; Chen et al. 2023.
 */
export const speculativeSampling: AcceptRule = ({ target, draft, id, greedy, random }) => {
  if (greedy) return largest(target)
  if (random() * draft[id]! < target[id]!) return id
  return drawn(
    target.map((probability, token) => Math.max(0, probability - draft[token]!)),
    target,
    random,
  )
}

/** Options of `rapidSampling`. */
export interface RapidRuleOptions {
  /** How far the target moves towards the drafter (eta): see `rapid`. */
  readonly transfer: number
  /** Tokens whose probability, once moved, is below this share of the largest keep their logit. Defaults to 0.1. */
  readonly threshold?: number
}

/**
 * The rule of RAPID: the drafted token is accepted with probability min(1, p'(x) / q(x)), where p' is the target moved towards the
 * drafter (`movedTarget`); otherwise the token is drawn from the normalised max(p - q, p - p', 0). The distribution is another than the
 * target's, on purpose. Greedy (the paper has only sampling; the official code samples even then): the best token of p'.
 *
 * Chen et al., "RAPID: Long-Context Inference with Retrieval-Augmented Speculative Decoding" (ICML 2025), section 3.
 */
export function rapidSampling(options: RapidRuleOptions): AcceptRule {
  const transfer = checkNumber(options.transfer, 'transfer', { min: 0, max: 1000 })
  const threshold = checkNumber(options.threshold ?? 0.1, 'threshold', { min: 0, max: 1 })
  return ({ target, draft, id, greedy, random }) => {
    const moved = movedTarget(target, draft, { transfer, threshold })
    if (greedy) return largest(moved)
    if (random() * draft[id]! < moved[id]!) return id
    const rest = target.map((p, token) => Math.max(0, p - draft[token]!, p - moved[token]!))
    return drawn(rest, target, random)
  }
}

/**
 * The target moved towards the drafter: softmax(z / T + eta (q - p)), a step on the divergence of the drafter from the target, where
 * tokens that stay below a share of the largest probability keep their logit. Tokens that a cut took out stay out.
 */
export function movedTarget(
  target: Float64Array,
  draft: Float64Array,
  { transfer, threshold }: { readonly transfer: number; readonly threshold: number },
): Float64Array {
  // softmax(z / T) is the target itself: a change of logits is a factor on it
  const moved = normalised(target.map((p, id) => p * Math.exp(transfer * (draft[id]! - p))))
  const least = threshold * moved.reduce((most, p) => Math.max(most, p), 0)
  return normalised(target.map((p, id) => (moved[id]! < least ? p : p * Math.exp(transfer * (draft[id]! - p)))))
}

function normalised(weights: Float64Array): Float64Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

/** The token of the largest probability, the first of several. */
function largest(distribution: Float64Array): number {
  let best = 0
  for (let id = 1; id < distribution.length; id++) if (distribution[id]! > distribution[best]!) best = id
  return best
}

/** Draws by weights; from the fallback where nothing is left of them but rounding. */
function drawn(weights: Float64Array, fallback: Float64Array, random: () => number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  if (!(total > 0)) return weights === fallback ? 0 : drawn(fallback, fallback, random)
  let rest = random() * total
  let last = 0
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue
    last = id
    rest -= weights[id]!
    if (rest < 0) return id
  }
  return last
}
