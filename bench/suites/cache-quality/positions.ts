/** @file What is left of a model beyond the length it was trained on, with its positions as they are and stretched. */
import { type LoadModelOptions, loadModel } from '@lc/core'
import { dpe, selfExtend } from '@lc/kv/positions'
import type { LongText } from '../../runner/long-texts.ts'
import { compareLogits, referenceLogits } from './compare-logits.ts'
import { answerOf } from './retrieval.ts'
import { passkeyContext } from './retrieval-sets.ts'

/** A scheme of positions: how a model is loaded for contexts so many times as long as those it was trained on. */
export interface PositionScheme {
  readonly name: string
  readonly options: (factor: number, trained: number) => LoadModelOptions
}

/** The schemes that are compared: a line each. */
export const positionSchemes: readonly PositionScheme[] = [
  { name: 'no change', options: () => ({}) },
  { name: 'position interpolation', options: (factor) => ({ ropeScaling: { rope_type: 'linear', factor } }) },
  // a base for half as much again: the lowest frequencies alone are stretched by the whole factor
  { name: 'NTK-aware', options: (factor) => ({ ropeScaling: { rope_type: 'ntk', factor: 1.5 * factor } }) },
  { name: 'dynamic NTK', options: (factor) => ({ ropeScaling: { rope_type: 'dynamic', factor } }) },
  { name: 'YaRN', options: (factor) => ({ ropeScaling: { rope_type: 'yarn', factor } }) },
  {
    name: 'Self-Extend',
    // the longest distance is then about two thirds of the trained length, as its authors advise
    options: (factor, trained) => ({ attention: selfExtend({ group: 2 * factor, window: windowOf(trained) }) }),
  },
  {
    name: 'DPE, sizes not detected',
    options: (factor, trained) => ({
      attention: dpe({ groups: [1, 1, factor, factor, ...Array(4).fill(2 * factor)], window: windowOf(trained) }),
    }),
  },
]

/** An eighth of the trained length, which groups of powers of two divide. */
function windowOf(trained: number): number {
  return 2 ** Math.floor(Math.log2(trained / 8))
}

/** What a scheme made of one text at one length. */
export interface PositionRecord {
  readonly scheme: string
  readonly text: string
  /** Times the trained length. */
  readonly times: number
  readonly tokens: number
  /** Of the text that follows, nats per token. */
  readonly nll: number
  readonly questions: number
  readonly right: number
  /** Of the answers, nats per token. */
  readonly answerNll: number
}

// questions, answers and what follows must be within the length, too
const reserved = 384
const followingTokens = 256
const questions = 4

/** One scheme on one text at one length; the text is read once for its continuation and for all questions. */
export async function measurePosition(
  file: string,
  text: LongText,
  { scheme, times, factor, trained }: { scheme: PositionScheme; times: number; factor: number; trained: number },
): Promise<PositionRecord> {
  const contextLength = trained * factor
  await using model = await loadModel({ file }, { device: 'cpu', contextLength, ...scheme.options(factor, trained) })
  const length = trained * times - reserved
  const made = passkeyContext(text.text, text.name, { tokenizer: model.tokenizer, length, questions, seed: times })
  await using session = model.session({ accuracy: 'fast', plannedLength: trained * times })
  await session.prefill(made.context)
  const answers = []
  for (const { ask, answer } of made.questions) answers.push(await answerOf(session, ask, answer))
  const following = made.following.subarray(0, followingTokens + 1)
  const logits = await session.append(following.subarray(0, -1), { logits: 'all' })
  const { nll } = compareLogits(referenceLogits(logits, following.length - 1), logits, following.subarray(1))
  return {
    scheme: scheme.name,
    text: text.name,
    times,
    tokens: made.context.length,
    nll,
    questions: answers.length,
    right: answers.filter(({ right }) => right).length,
    answerNll: answers.reduce((sum, answer) => sum + answer.nll, 0) / answers.length,
  }
}
