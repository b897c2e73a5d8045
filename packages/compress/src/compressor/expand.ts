import { InvalidArgumentError } from '@lc/model/errors'

/** Looks up the original text of what a result names. */
export function createExpand(entries: readonly { id: string; text: string }[]): (id: string) => string {
  const texts = new Map(entries.map(({ id, text }) => [id, text]))
  return (id) => {
    const text = texts.get(id)
    if (text === undefined)
      throw new InvalidArgumentError({
        argument: 'id',
        received: id,
        allowed: 'the id of a unit or passage of this result',
      })
    return text
  }
}
