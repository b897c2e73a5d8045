/** @file What an endpoint gets: the body, the model that it names, and how to stop. */
import type { RequestFields } from './request-fields.ts'
import type { OpenaiServerOptions, ServedModel, ServerLimits } from './server-options.ts'

/** One request on its way through an endpoint. */
export interface ServedRequest {
  fields: RequestFields
  /** The name under which the model is served. */
  name: string
  model: ServedModel
  limits: ServerLimits
  options: OpenaiServerOptions
  /** Trips when the client leaves, the time is up, or the server closes. */
  signal: AbortSignal
}

/** What an endpoint gives: a JSON answer, or the items of an event stream. */
export type EndpointAnswer = { json: unknown } | { events: AsyncIterable<unknown> }
