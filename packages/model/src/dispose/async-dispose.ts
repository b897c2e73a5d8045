/**
 * `Symbol.asyncDispose`, also where the platform does not have it yet. The fallback is the one that compilers use when
 * they lower `await using`, so both meet; nothing global is patched.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? (Symbol.for('Symbol.asyncDispose') as unknown as typeof Symbol.asyncDispose)
