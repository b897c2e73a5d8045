/** @file JSON Schema to the nodes that the acceptor walks. Keywords that cannot be held token by token are refused, never ignored. */
import type { JsonObject, JsonValue } from '@lc/model'
import { checkArgument } from '@lc/model/check'
import { UnsupportedCapabilityError } from '@lc/model/errors'
import type { SchemaNode } from './schema-node.ts'

/** Say nothing about the value. */
const annotations = [
  '$schema',
  '$id',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
]
const byType: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
  number: [],
  integer: [],
  boolean: [],
  null: [],
}
const general = ['type', 'enum', 'const', 'anyOf', '$ref', 'nullable', 'deprecated', 'readOnly', 'writeOnly']

/** Keywords that are enforced. */
export const supportedKeywords: readonly string[] = [
  'type',
  'enum',
  'const',
  'anyOf',
  '$ref',
  ...Object.values(byType).flat(),
]

const any: SchemaNode = { kind: 'any' }
const mostNesting = 64

/**
 * Compiles a schema.
 *
 * @throws UnsupportedCapabilityError for other keywords than `supportedKeywords` and annotations; InvalidArgumentError for what is no schema.
 */
export function compileSchema(schema: JsonValue, model: string): SchemaNode {
  return new Compiler(schema, model).compile(schema, 0)
}

class Compiler {
  readonly #root: JsonValue
  readonly #model: string
  readonly #references = new Map<string, SchemaNode>()

  constructor(root: JsonValue, model: string) {
    this.#root = root
    this.#model = model
  }

  compile(schema: JsonValue, depth: number): SchemaNode {
    if (schema === true) return any
    const isObject = typeof schema === 'object' && schema !== null && !Array.isArray(schema)
    checkArgument(isObject && depth < mostNesting, 'responseSchema', schema, 'a JSON schema that allows something')
    this.#checkKeywords(schema)
    if (schema.$ref !== undefined) return this.#reference(schema.$ref)
    if (schema.const !== undefined) return { kind: 'literals', texts: [JSON.stringify(schema.const)] }
    if (schema.enum !== undefined) {
      checkArgument(Array.isArray(schema.enum) && schema.enum.length > 0, 'enum', schema.enum, 'values')
      return { kind: 'literals', texts: schema.enum.map((value) => JSON.stringify(value)) }
    }
    if (schema.anyOf !== undefined) {
      checkArgument(Array.isArray(schema.anyOf) && schema.anyOf.length > 0, 'anyOf', schema.anyOf, 'schemas')
      return { kind: 'union', options: schema.anyOf.map((option) => this.compile(option, depth + 1)) }
    }
    const types = typesOf(schema)
    const options = types.map((type) => this.#typed(schema, type, depth))
    if (options.length === 0) return any
    return options.length === 1 ? options[0]! : { kind: 'union', options }
  }

  #typed(schema: JsonObject, type: string, depth: number): SchemaNode {
    switch (type) {
      case 'object':
        return this.#object(schema, depth)
      case 'array': {
        const items = schema.items === undefined ? any : this.compile(schema.items, depth + 1)
        return { kind: 'array', items, minItems: count(schema, 'minItems', 0), maxItems: count(schema, 'maxItems') }
      }
      case 'string':
        return { kind: 'string', minLength: count(schema, 'minLength', 0), maxLength: count(schema, 'maxLength') }
      case 'number':
      case 'integer':
        return { kind: 'number', integer: type === 'integer' }
      case 'boolean':
        return { kind: 'literals', texts: ['true', 'false'] }
      default:
        return { kind: 'literals', texts: ['null'] }
    }
  }

  #object(schema: JsonObject, depth: number): SchemaNode {
    const { properties = {}, required = [], additionalProperties = true } = schema
    checkArgument(isRecord(properties), 'properties', properties, 'an object of schemas')
    const names = Array.isArray(required) && required.every((name) => typeof name === 'string')
    checkArgument(names, 'required', required, 'names')
    const compiled = new Map(
      Object.entries(properties).map(([name, property]) => [name, this.compile(property, depth + 1)]),
    )
    const additional = additionalProperties === false ? undefined : this.compile(additionalProperties, depth + 1)
    const missing = (required as string[]).find((name) => !compiled.has(name) && !additional)
    checkArgument(missing === undefined, 'required', missing, 'names of properties, where no others are allowed')
    return { kind: 'object', properties: compiled, required: new Set(required as string[]), additional }
  }

  #reference(target: JsonValue): SchemaNode {
    checkArgument(
      typeof target === 'string' && target.startsWith('#'),
      '$ref',
      target,
      'a reference into the schema itself, such as #/$defs/name',
    )
    return {
      kind: 'reference',
      resolve: () => {
        const known = this.#references.get(target) ?? this.compile(this.#find(target), 0)
        this.#references.set(target, known)
        return known
      },
    }
  }

  #find(target: string): JsonValue {
    let value: JsonValue | undefined = this.#root
    for (const part of target.split('/').slice(1)) {
      const name = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')
      value = isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined
    }
    checkArgument(value !== undefined, '$ref', target, 'a reference to a part of the schema')
    return value
  }

  #checkKeywords(schema: JsonObject): void {
    const types = typesOf(schema)
    const allowed = new Set([...annotations, ...general, ...types.flatMap((type) => byType[type] ?? [])])
    for (const keyword of Object.keys(schema)) {
      if (allowed.has(keyword)) continue
      throw new UnsupportedCapabilityError({
        model: this.#model,
        capability: `hold its output to the schema keyword ${keyword}`,
        alternatives: `supported are ${supportedKeywords.join(', ')}`,
      })
    }
  }
}

/** The types that a schema names, or that its keywords imply. */
function typesOf(schema: JsonObject): string[] {
  const { type } = schema
  if (type === undefined) {
    const implied = ['object', 'array', 'string'].filter((each) => byType[each]!.some((keyword) => keyword in schema))
    return implied.slice(0, 1)
  }
  const types = Array.isArray(type) ? type : [type]
  for (const each of types)
    checkArgument(typeof each === 'string' && Object.hasOwn(byType, each), 'type', each, Object.keys(byType).join(', '))
  return types as string[]
}

function count(schema: JsonObject, keyword: string, fallback = Number.POSITIVE_INFINITY): number {
  const value = schema[keyword] ?? fallback
  const fits = typeof value === 'number' && value >= 0 && (Number.isInteger(value) || value === fallback)
  checkArgument(fits, keyword, value, 'a whole number')
  return value
}

function isRecord(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
