/** Devices that run graphs, compiled programs, and the tensors that they take and give. @module */
export type { CompileOptions, Device, DeviceKind, OpenDeviceOptions, WeightData } from './runtime/device.ts'
export type { MemoryReport, ProgramMemory } from './runtime/memory-report.ts'
export type { Program, RunOptions } from './runtime/program.ts'
export type { DeviceTensor, HostTensor, Tensor } from './runtime/tensor.ts'
