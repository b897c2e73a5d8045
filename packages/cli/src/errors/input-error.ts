import { LcError } from '@lc/model/errors'

/** A file, folder or stream that was named cannot be used. */
export class InputError extends LcError {
  readonly code = 'input'
  readonly path: string
  readonly problem: string

  constructor(fields: { path: string; problem: string; cause?: unknown }) {
    super(`${fields.path}: ${fields.problem}`, { cause: fields.cause })
    this.path = fields.path
    this.problem = fields.problem
  }
}

/** What the operating system says about a file, in words. */
export function describeSystemError(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  const known: Record<string, string> = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read or written',
    EPERM: 'may not be read or written',
    EISDIR: 'is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    ENOSPC: 'no space is left on the disk',
    EMFILE: 'too many files are open',
    EADDRINUSE: 'the port is taken',
    EADDRNOTAVAIL: 'this machine does not have the address',
    ELOOP: 'is a loop of links',
  }
  const words = typeof code === 'string' ? known[code] : undefined
  return words ?? (error instanceof Error ? error.message : String(error))
}
