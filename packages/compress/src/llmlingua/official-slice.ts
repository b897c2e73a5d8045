/** Where a cut at a place falls that may count from the end, as a negative one does in the released program. */
export function cutAt(length: number, place: number): number {
  return place < 0 ? Math.max(0, length + place) : Math.min(length, place)
}
