import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StopFilter } from './stop-filter.ts'

test('however the text is cut, what passes ends before the first stop string', () => {
  const piece = fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 4 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(piece, { maxLength: 3 }), (pieces, stops) => {
      const filter = new StopFilter(stops)
      let passed = ''
      let stopped = false
      let taken = ''
      for (const each of pieces) {
        taken += each
        const step = filter.push(each)
        passed += step.text
        stopped = step.stopped
        if (stopped) break
      }
      if (!stopped) passed += filter.flush()
      const places = stops
        .filter((stop) => stop !== '')
        .map((stop) => taken.indexOf(stop))
        .filter((at) => at >= 0)
      expect(stopped).toBe(places.length > 0)
      expect(passed).toBe(stopped ? taken.slice(0, Math.min(...places)) : taken)
    }),
  )
})

test('holds back no more than what may still become a stop string', () => {
  const filter = new StopFilter(['\n\n', 'END'])
  expect(filter.push('one\n')).toEqual({ text: 'one', stopped: false })
  expect(filter.push('two E')).toEqual({ text: '\ntwo ', stopped: false })
  expect(filter.push('N')).toEqual({ text: '', stopped: false })
  expect(filter.push('xt')).toEqual({ text: 'ENxt', stopped: false })
  expect(filter.flush()).toBe('')
})
