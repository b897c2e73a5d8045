import { checkArgument, checkInteger } from '@lc/model/check'
import { BudgetTooSmallError } from '@lc/model/errors'

/**
 * How much is kept: mean slots per layer and key/value head, protected ones included, or a share of the text so far
 * (`'25%'`). At the end of a prompt the text so far is the prompt.
 */
export type CacheBudget = number | `${number}%`

/**
 * Checks a budget and gives the slots it means at a text length.
 *
 * @param protectedSlots slots that are never evicted: a budget in slots must hold them; a share keeps them whatever it is
 * @throws InvalidArgumentError for what is no budget, BudgetTooSmallError below the protected slots
 */
export function readBudget(budget: CacheBudget | string, protectedSlots: number): (textLength: number) => number {
  if (typeof budget === 'number') {
    const slots = checkInteger(budget, 'budget', { min: 1 })
    if (slots < protectedSlots)
      throw new BudgetTooSmallError({ budget, minimum: protectedSlots, reason: 'keeping the sinks and the window' })
    return () => slots
  }
  const percent = typeof budget === 'string' && /^\d+(\.\d+)?%$/.test(budget) ? Number.parseFloat(budget) : 0
  checkArgument(percent > 0 && percent <= 100, 'budget', budget, "slots (an integer >= 1) or a share such as '25%'")
  // products such as 100 * 0.1 may fall just short of the integer they mean
  return (textLength) => Math.max(1, protectedSlots, Math.floor((textLength * percent) / 100 + 1e-9))
}

/** A budget that must be slots, because positions are renumbered and the text's length is not known afterwards. */
export function readSlots(budget: CacheBudget, protectedSlots: number): number {
  checkArgument(typeof budget === 'number', 'budget', budget, 'slots (an integer >= 1)')
  return readBudget(budget, protectedSlots)(0)
}
