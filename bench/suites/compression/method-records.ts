/** @file ClassEval: the body of a method whose class is there without it, among seven other classes. */
import { makePassage } from '@lc/model'
import type { CompressionRecord } from './record.ts'
import { shuffled } from './shuffled.ts'

interface Method {
  method_name: string
  /** Signature and documentation. */
  method_description: string
  solution_code: string
  dependencies: { field_dependencies: string[]; method_dependencies: string[] }
}

export interface EvaluatedClass {
  class_name: string
  class_constructor: string
  solution_code: string
  methods_info: Method[]
}

const others = 7

/** Records of classes in an order of their own; of each class the method that uses most of it. */
export function methodRecords(classes: readonly EvaluatedClass[], count: number): CompressionRecord[] {
  const all = shuffled(
    classes.filter(({ methods_info }) => methods_info.length > 1),
    4,
  )
  return all.slice(0, count).map((target, at) => {
    const method = [...target.methods_info].sort((a, b) => used(b) - used(a))[0]!
    const rest = [
      target.class_constructor.trimEnd(),
      ...target.methods_info.filter((each) => each !== method).map(({ solution_code }) => indented(solution_code)),
    ].join('\n\n')
    const distractors = Array.from({ length: others }, (_, next) => all[(at + 1 + next) % all.length]!.solution_code)
    const passages = shuffled([rest, ...distractors], at).map((code, index) =>
      makePassage(code, { uri: `class_${index}.py` }),
    )
    return {
      passages,
      query: `class ${target.class_name}:\n${indented(method.method_description)}`,
      ask: `\n\n# a method of ${target.class_name}\n${indented(method.method_description)}\n`,
      // after signature and documentation, which are asked with
      gold: method.solution_code.replace(/^[\s\S]*?\bdef [\s\S]*?:[ \t]*\n/, ''),
      measure: () => ({}),
    }
  })
}

function used({ dependencies }: Method): number {
  return dependencies.field_dependencies.length + dependencies.method_dependencies.length
}

/** The data have the first line of a method without its indentation. */
function indented(code: string): string {
  return `    ${code.trim()}`
}
