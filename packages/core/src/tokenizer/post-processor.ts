/** @file Which tokens a model wants around a text or a pair of texts. */
import type { JsonValue } from '@lc/model'
import { Component } from './component.ts'

/** A part of a template: an added token, or one of the texts. */
export interface TemplatePart {
  readonly ids?: readonly number[]
  readonly sequence?: 0 | 1
  readonly typeId: number
}

export interface PostProcessor {
  readonly single: readonly TemplatePart[]
  readonly pair: readonly TemplatePart[]
}

const bare: PostProcessor = {
  single: [{ sequence: 0, typeId: 0 }],
  pair: [
    { sequence: 0, typeId: 0 },
    { sequence: 1, typeId: 1 },
  ],
}

/**
 * Builds the templates of a post-processor; null adds nothing.
 *
 * @throws FileFormatError for a kind that lc does not have.
 */
export function buildPostProcessor(file: string, value: JsonValue): PostProcessor {
  if (value === null) return bare
  return read(new Component(file, 'post_processor', value)) ?? bare
}

function read(component: Component): PostProcessor | undefined {
  switch (component.type) {
    case 'Sequence':
      return component
        .children('processors')
        .map(read)
        .filter((part) => part !== undefined)
        .at(-1)
    case 'ByteLevel':
      return undefined
    case 'TemplateProcessing':
      return { single: template(component, 'single'), pair: template(component, 'pair') }
    case 'BertProcessing':
      return wrapped(component, 1, false)
    case 'RobertaProcessing':
      return wrapped(component, 0, true)
    default:
      throw component.problem(
        `has the unsupported type ${component.type}; supported: TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, Sequence`,
      )
  }
}

function template(component: Component, key: 'single' | 'pair'): TemplatePart[] {
  return component.children(key).map((entry): TemplatePart => {
    if (entry.has('Sequence')) {
      const sequence = entry.child('Sequence')
      const id = sequence.string('id')
      if (id !== 'A' && id !== 'B') throw sequence.problem('has an id that is neither A nor B')
      return { sequence: id === 'A' ? 0 : 1, typeId: sequence.integer('type_id', 0) }
    }
    const special = entry.child('SpecialToken')
    const ids = component.child('special_tokens').child(special.string('id')).list('ids')
    if (!ids.every((id): id is number => typeof id === 'number' && Number.isInteger(id) && id >= 0))
      throw special.problem('names ids that are not integers')
    return { ids, typeId: special.integer('type_id', 0) }
  })
}

/** `[CLS] A [SEP] B [SEP]`, or for RoBERTa `<s> A </s></s> B </s>` with type ids of 0. */
function wrapped(component: Component, secondType: number, doubled: boolean): PostProcessor {
  const id = (key: string): number => {
    const entry = component.list(key)[1]
    if (typeof entry !== 'number' || !Number.isInteger(entry))
      throw component.problem(`needs a pair of text and id ${key}`)
    return entry
  }
  const cls = { ids: [id('cls')], typeId: 0 }
  const separator = { ids: [id('sep')], typeId: 0 }
  const first = { sequence: 0 as const, typeId: 0 }
  const single = [cls, first, separator]
  return {
    single,
    pair: [
      ...single,
      ...(doubled ? [separator] : []),
      { sequence: 1, typeId: secondType },
      { ids: separator.ids, typeId: secondType },
    ],
  }
}
