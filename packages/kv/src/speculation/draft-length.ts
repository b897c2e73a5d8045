/** How many tokens to draft next: twice as many after a whole success, otherwise two more than were right. */
export function nextDraftLength(last: {
  readonly length: number
  readonly drafted: number
  readonly accepted: number
  readonly most: number
}): number {
  const { length, drafted, accepted, most } = last
  return Math.min(most, accepted === drafted ? Math.max(length, 2 * drafted) : accepted + 2)
}
