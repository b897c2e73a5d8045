/** Lifetimes: things that hold native memory close once, never while in use, and children before parents. @module */
export { asyncDispose } from './dispose/async-dispose.ts'
export { DisposeGuard, type PreventionHandle } from './dispose/dispose-guard.ts'
export { type Disposer, Scope } from './dispose/scope.ts'
