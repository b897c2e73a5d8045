/** The errors that `@lc/core` adds to the family of `@lc/model`. @module */
export { DeviceError } from './errors/device-error.ts'
export { DownloadError } from './errors/download-error.ts'
export { FileFormatError } from './errors/file-format-error.ts'
export { MemoryLimitError } from './errors/memory-limit-error.ts'
export { PolicyPlanError } from './errors/policy-plan-error.ts'
export { ShapeError } from './errors/shape-error.ts'
export { UnsupportedModelError } from './errors/unsupported-model-error.ts'
