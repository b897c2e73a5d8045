import type { LocalModel } from '@lc/core'
import { checkArgument } from '@lc/model/check'

/** Tokens that are looked at. */
const looks = 1024

/** Drafted ids must mean the same to both models. @throws InvalidArgumentError where they do not */
export function checkSameVocabulary(model: LocalModel, drafter: LocalModel): void {
  if (model === drafter) return
  const [size, other] = [model.config.vocabularySize, drafter.config.vocabularySize]
  const allowed = `a model with the ${size} tokens of ${model.id}`
  checkArgument(size === other, 'model', `${drafter.id}, with ${other} tokens`, allowed)
  for (let look = 0; look < looks; look++) {
    const id = Math.floor((look * size) / looks)
    const same = String(model.tokenizer.bytesOf(id)) === String(drafter.tokenizer.bytesOf(id))
    checkArgument(same, 'model', `${drafter.id}, whose token ${id} is another`, allowed)
  }
}
