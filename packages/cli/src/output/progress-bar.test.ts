import { expect, test } from 'vitest'
import { ProgressBar, progressLine } from './progress-bar.ts'

function recorder(live: boolean) {
  const written: string[] = []
  const clock = { now: 0 }
  const bar = new ProgressBar({ write: (text) => written.push(text), live, columns: 40, now: () => clock.now })
  return { written, clock, bar }
}

const event = (done: number, operation = 'score') =>
  ({ type: 'progress', operation, done, total: 4, unit: 'passages' }) as const

test('a terminal gets one moving line, at most ten times a second, and it can be removed', () => {
  const { written, clock, bar } = recorder(true)
  for (const [at, done] of [
    [0, 0],
    [20, 1],
    [150, 2],
    [160, 3],
    [170, 4],
  ] as const) {
    clock.now = at
    bar.show(event(done))
  }
  bar.clear()
  bar.clear()
  expect(written).toEqual([
    '\r\u001b[2Kscore 0 of 4 passages, 0 %',
    '\r\u001b[2Kscore 2 of 4 passages, 50 %',
    '\r\u001b[2Kscore 4 of 4 passages, 100 %',
    '\r\u001b[2K',
  ])
})

test('elsewhere there are plain lines without control characters, one in five seconds', () => {
  const { written, clock, bar } = recorder(false)
  for (let second = 0; second <= 12; second++) {
    clock.now = second * 1000
    bar.show({ type: 'progress', operation: 'download', done: second * 1e6, unit: 'bytes' })
  }
  bar.clear()
  expect(written).toEqual(['download 5.0 MB, 5 s\n', 'download 10.0 MB, 10 s\n'])
})

test('a line is never longer than the terminal', () => {
  const { written, bar } = recorder(true)
  bar.show(event(1, 'x'.repeat(200)))
  expect(written[0]!.length).toBe('\r\u001b[2K'.length + 39)
})

test('bytes are shown in MB', () => {
  expect(progressLine({ type: 'progress', operation: 'download', done: 1.5e6, total: 3e6, unit: 'bytes' }, 0)).toBe(
    'download 1.5 of 3.0 MB, 50 %',
  )
})
