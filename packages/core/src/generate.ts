/** The parts of text generation: sampling, penalties, stop strings, tool calls. @module */
export { Penalties, type PenaltySettings } from './generate/penalties.ts'
export { type Candidates, candidates, greedyToken, type SamplerSettings, sampleToken } from './generate/sampler.ts'
export { selectTop } from './generate/select-top.ts'
export { StopFilter } from './generate/stop-filter.ts'
export type { TokenConstraint } from './generate/token-constraint.ts'
export { type ParsedToolCalls, parseToolCalls } from './generate/tool-calls.ts'
