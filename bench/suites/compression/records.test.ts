import { describe, expect, test } from 'vitest'
import { calleeRecords, readCsv } from './callee-records.ts'
import { methodRecords } from './method-records.ts'
import { pairRecords, wholeIds } from './pair-records.ts'
import { questionRecords } from './question-records.ts'
import { shotRecords } from './shot-records.ts'

describe('callees', () => {
  const body = (name: string): string => `{\n  return ${name} + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8;\n}\nint next();\n`
  const callee = (name: string) => ({ id: name, name, code: body(name), start: { line: 4 }, end: { line: 7 } })
  const callers = {
    first: { code: 'int first(int a)\n{ return one(a); }', calls: [callee('one')] },
    second: { code: 'int second(int a)\n{ return two(a); }', calls: [callee('two')] },
  }
  const comments = 'Unnamed: 0,doc,repository\nfirst,"Adds, once",x\nsecond,"Says ""two""\nlines",y\n'

  test('a record has the functions with their names, without what follows them, and asks by comment and signature', () => {
    const records = calleeRecords(callers, comments, 2)
    const record = records.find(({ query }) => query.startsWith('Adds, once'))!
    expect(record.query).toBe('Adds, once\nint first(int a)')
    expect(record.passages.map(({ text }) => text).sort()[0]).toBe(`one()\n${body('one').slice(0, -13)}`)
    const [one] = record.passages.filter(({ id }) => id === 'one')
    const spans = (end: number) => [{ output: { start: 0, end }, passageId: 'one', source: { start: 0, end } }]
    const measure = (end: number) => record.measure({ text: '', tokens: 0, spans: spans(end) })
    expect(measure(one!.text.length)).toEqual({ 'callee recall': 1 })
    expect(measure(one!.text.length / 2 - 2)).toEqual({ 'callee recall': 0 })
  })

  test('fields of the table may hold commas, line breaks and quotes', () => {
    expect(readCsv(comments)).toEqual([
      { 'Unnamed: 0': 'first', doc: 'Adds, once', repository: 'x' },
      { 'Unnamed: 0': 'second', doc: 'Says "two"\nlines', repository: 'y' },
    ])
  })
})

describe('ids', () => {
  const id = (digit: string) => `${digit.repeat(8)}-${digit.repeat(4)}-4000-8000-${digit.repeat(12)}`
  const source = `${id('1')} has the value ${id('2')}.`
  const ids = new Set([id('1'), id('2')])
  const kept = (start: number, end: number) => ({
    text: source.slice(start, end),
    tokens: 0,
    spans: [{ output: { start: 0, end: end - start }, passageId: 'a', source: { start, end } }],
  })

  test('an id that was kept in part is not whole, one that is absent does not count', () => {
    expect(wholeIds(source, ids, kept(0, 36))).toBe(1)
    expect(wholeIds(source, ids, kept(0, source.length - 3))).toBe(0.5)
    expect(wholeIds(source, ids, kept(37, 40))).toBe(1)
    expect(wholeIds(source, ids, { text: `${id('1')} ${id('2').slice(5)}`, tokens: 0 })).toBe(0.5)
  })

  test('the value asked for is in the list', () => {
    const pairs = Array.from({ length: 75 }, (_, at): [string, string] => [`k${at}`, `v${at}`])
    for (const at of [0, 44, 74]) {
      const [record] = pairRecords([{ ordered_kv_records: pairs, key: `k${at}`, value: `v${at}` }], 1)
      expect(record!.passages[0]!.text).toContain(`k${at} has the value v${at}.`)
      expect(record!.passages[0]!.text.split('\n')).toHaveLength(30)
    }
  })
})

test('the other passages do not hold the answer, and more records are the same ones and others', () => {
  const questions = Array.from({ length: 1100 }, (_, at) => ({
    question: `q${at}`,
    answers: [`answer ${at}.`, 'a word of every tenth'],
    ctxs: [{ title: `t${at}`, text: at % 10 === 0 ? 'A word of every tenth' : `It is answer ${at}.` }],
  }))
  const few = questionRecords(questions, 2)
  const more = questionRecords(questions, 4)
  expect(more.slice(0, 2).map(({ passages }) => passages.map(({ text }) => text))).toEqual(
    few.map(({ passages }) => passages.map(({ text }) => text)),
  )
  for (const { passages, measure } of more) {
    expect(passages).toHaveLength(20)
    const holds = passages.filter(({ text }) => measure({ text, tokens: 0 })['answer survives'] === 1)
    expect(holds).toHaveLength(1)
  }
})

test('the class of a method is there without it, and its body is what is expected', () => {
  const method = (name: string, uses: string[]) => ({
    method_name: name,
    method_description: `def ${name}(self,\n            value: int):\n        """Does ${name}."""`,
    solution_code: `def ${name}(self,\n            value: int):\n        return ${name}_of(value)`,
    dependencies: { field_dependencies: uses, method_dependencies: [] },
  })
  const classes = Array.from({ length: 9 }, (_, at) => ({
    class_name: `C${at}`,
    class_constructor: `class C${at}:\n    def __init__(self):\n        self.value = ${at}\n`,
    solution_code: `class C${at}: ...`,
    methods_info: [method('idle', []), method('busy', ['self.value'])],
  }))
  const [record] = methodRecords(classes, 1)
  expect(record!.gold).toBe('        return busy_of(value)')
  expect(record!.ask).toContain('"""Does busy."""')
  expect(record!.passages).toHaveLength(8)
  const own = record!.passages.filter(({ text }) => text.includes('def idle'))
  expect(own).toHaveLength(1)
  expect(own[0]!.text).not.toContain('busy')
})

test('solutions are in the words of the worked problems', () => {
  const problems = [{ question: 'How many?', answer: 'It is 2*3=<<2*3=6>>6.\n#### 6' }]
  const [record] = shotRecords('Question: a\nThe answer is 1\n\nQuestion: b\nThe answer is 2', problems, 1)
  expect(record!.gold).toBe('It is 2*3=6.\nThe answer is 6')
  expect(record!.passages).toHaveLength(2)
})
