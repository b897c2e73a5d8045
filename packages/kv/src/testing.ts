/** The conformance suite of cache policies, for ours and for others. @module */
export { type CachePolicySuiteOptions, cachePolicySuite } from './testing-kit/cache-policy-suite.ts'
