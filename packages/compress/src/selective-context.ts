/** Selective Context: drops the phrases, words or sentences that a language model could have guessed. @module */

export type { ProtectedKind } from './prose/protected-spans.ts'
export type { ProtectionOptions } from './prose/protection.ts'
export {
  type SelectiveContextOptions,
  type SelectiveContextUnit,
  selectiveContextDefaults,
} from './selective-context/options.ts'
export { compressBySelfInformation, selectiveContext } from './selective-context/selective-context.ts'
