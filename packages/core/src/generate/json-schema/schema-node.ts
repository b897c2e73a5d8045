/** A JSON schema in the form that the acceptor walks. */
export type SchemaNode =
  | { readonly kind: 'any' }
  | { readonly kind: 'union'; readonly options: readonly SchemaNode[] }
  /** One of these JSON texts. */
  | { readonly kind: 'literals'; readonly texts: readonly string[] }
  | { readonly kind: 'string'; readonly minLength: number; readonly maxLength: number }
  | { readonly kind: 'number'; readonly integer: boolean }
  | {
      readonly kind: 'object'
      readonly properties: ReadonlyMap<string, SchemaNode>
      readonly required: ReadonlySet<string>
      /** What other members must be; undefined where there are none. */
      readonly additional: SchemaNode | undefined
    }
  | {
      readonly kind: 'array'
      readonly items: SchemaNode
      readonly minItems: number
      readonly maxItems: number
    }
  /** A reference, resolved when it is walked, so that schemas may be recursive. */
  | { readonly kind: 'reference'; readonly resolve: () => SchemaNode }
