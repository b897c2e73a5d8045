/** The conformance suite of devices, for our own and for others. @module */
export { type DeviceSuiteOptions, deviceSuite } from './testing-kit/device-suite.ts'
export { measureOpCase, type OpCase, type OpDifference } from './testing-kit/op-case.ts'
export { opCases } from './testing-kit/op-cases.ts'
