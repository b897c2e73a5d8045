import { LcError } from '@lc/model/errors'

/** A model whose architecture or feature is not implemented. */
export class UnsupportedModelError extends LcError {
  readonly code = 'unsupported-model'
  /** `model_type` of the configuration, or the feature concerned. */
  readonly modelType: string
  readonly supported: readonly string[]

  constructor(fields: { modelType: string; supported: readonly string[]; cause?: unknown }) {
    super(
      `the model type ${JSON.stringify(fields.modelType)} is not supported; supported are ${fields.supported.join(', ')}`,
      {
        cause: fields.cause,
      },
    )
    this.modelType = fields.modelType
    this.supported = fields.supported
  }
}
