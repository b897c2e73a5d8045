type Handler = (request: never) => unknown
export function answerRequests(handlers: Record<string, Handler>): Promise<void>
export function timed<T>(work: () => T | Promise<T>): Promise<{ ms: number; result: T }>
