/** Sizes of one program. */
export interface ProgramMemory {
  readonly name: string
  /** Bytes of the encoded graph with its constants. */
  readonly graphBytes: number
  /** Bytes of weights by where they come from. */
  readonly fileWeightBytes: number
  readonly memoryWeightBytes: number
  /** How many owners share it. */
  readonly owners: number
}

/** What a device holds. */
export interface MemoryReport {
  readonly programs: readonly ProgramMemory[]
  /** Bytes of tensors that stay on the device. */
  readonly deviceTensorBytes: number
}
