/**
 * Positions beyond the trained length, as attention patterns for `loadModel(..., { attention })`. Schemes that are tables alone (position
 * interpolation, NTK-aware, YaRN, ...) are `ropeScaling` of `loadModel`.
 * @module
 */
export { type DpeOptions, dpe, dpeDefaults } from './positions/dpe.ts'
export { type GroupSizes, keyShift, queryShift, reachOf } from './positions/grouped-positions.ts'
export { type DetectKeyPairsOptions, detectKeyPairs, type KeyPairs } from './positions/key-pairs.ts'
export { type SelfExtendOptions, selfExtend, selfExtendDefaults } from './positions/self-extend.ts'
