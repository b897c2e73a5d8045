/** @file Inside the real `ContextualCompressionRetriever` of LangChain.js. */
import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression'
import { Document } from '@langchain/core/documents'
import { BaseRetriever } from '@langchain/core/retrievers'
import { estimateTokenizer } from '@lc/model'
import { expect, test } from 'vitest'
import { documentCompressor } from './compress-documents.ts'

const filler = 'Rain fell on the hills and the sheep stood under the trees. '
const documents = [
  new Document({ id: 'a', pageContent: filler.repeat(20), metadata: { source: 'weather.txt', page: 1 } }),
  new Document({
    id: 'b',
    pageContent: `${filler.repeat(10)}The lighthouse of Vorland was built by Ada Karlsen. ${filler.repeat(10)}`,
    metadata: { source: 'towers.txt', page: 7, tags: ['sea'] },
  }),
]

class FixedRetriever extends BaseRetriever {
  lc_namespace = ['test']
  override async _getRelevantDocuments(): Promise<Document[]> {
    return documents
  }
}

test('a retriever gives short documents with their ids and metadata', async () => {
  const tokenizer = estimateTokenizer()
  const retriever = new ContextualCompressionRetriever({
    baseCompressor: documentCompressor({ budget: { tokens: 60, tokenizer } }),
    baseRetriever: new FixedRetriever(),
  })
  const found = await retriever.invoke('Who built the lighthouse of Vorland?')
  const towers = found.find(({ id }) => id === 'b')!
  expect(towers).toBeInstanceOf(Document)
  expect(towers.pageContent).toContain('built by Ada Karlsen')
  expect(towers.metadata).toEqual(documents[1]!.metadata)
  expect(tokenizer.count(found.map(({ pageContent }) => pageContent).join('\n\n'))).toBeLessThanOrEqual(60)
  expect(documents[1]!.pageContent.length).toBeGreaterThan(1000)
})
