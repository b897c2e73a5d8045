/** @file The one JSON document of `--json`: typed arrays become arrays, and numbers that JSON lacks become null. */

/** Renders a value as one line of JSON. */
export function printJson(value: unknown): string {
  return `${JSON.stringify(value, (_key, part: unknown) =>
    ArrayBuffer.isView(part) && !(part instanceof DataView) ? Array.from(part as unknown as ArrayLike<number>) : part,
  )}\n`
}
