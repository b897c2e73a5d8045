import { join } from 'node:path'
import { cachedScorer } from '@lc/compress'
import { fileStore } from '@lc/compress/node'
import { cacheFolder } from '@lc/core/node'
import type { Scorer } from '@lc/model'
import type { CommandContext } from '../command/command.ts'

/**
 * The scorer with its scores kept in lc's cache folder: what one run asked a model about a text, a later one need not ask again.
 * Scorers that do not name their weights (those of servers) stay as they are.
 */
export function rememberedScores(
  scorer: Scorer,
  { noCache }: { noCache: boolean },
  { env }: Pick<CommandContext, 'env'>,
): Scorer {
  if (noCache || scorer.weightsHash === undefined) return scorer
  return cachedScorer(scorer, { store: fileStore({ folder: join(cacheFolder(env), 'scores') }) })
}
