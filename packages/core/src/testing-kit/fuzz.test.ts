import { describe, expect, test } from 'vitest'
import { type FuzzFault, fuzzTargets, runFuzzCase } from '../../fuzz/fuzz-targets.ts'

/** 20,000 mutants in all, or as many as `LC_FUZZ_CASES` says. */
const cases = Number(process.env.LC_FUZZ_CASES ?? 20_000)
const targets = fuzzTargets()
const shares: Record<string, number> = {
  gguf: 0.25,
  safetensors: 0.25,
  'tokenizer.json': 0.2,
  'chat template': 0.1,
  zip: 0.05,
}

describe('mutants of model files give a result or an error of lc', () => {
  test.each(targets.map((target) => [target.name, target] as const))('%s', async (name, target) => {
    const faults: FuzzFault[] = []
    const count = Math.round(cases * (shares[name] ?? 0.15))
    for (let seed = 0; seed < count && faults.length < 3; seed++) {
      const fault = await runFuzzCase(target, seed)
      if (fault) faults.push(fault)
    }
    expect(faults).toEqual([])
  })
})
