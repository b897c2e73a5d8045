/** @file What is added to scores to settle them. */

/** Hides a key: its weight is zero, and sums with it stay finite. */
export const hidden = -1e30
/** Wins over all that is scored. */
export const forced = 1e9
