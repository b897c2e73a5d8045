import { checkArgument } from '@lc/model/check'

/** @throws InvalidArgumentError for slots that are none, not ascending, or not below a length. */
export function checkSlots(slots: ArrayLike<number>, length: number): void {
  checkArgument(slots.length > 0, 'slots', slots, 'at least one slot')
  let previous = -1
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index]!
    const fits = Number.isInteger(slot) && slot > previous && slot < length
    checkArgument(fits, 'slots', slot, `ascending slots below ${length}`)
    previous = slot
  }
}
