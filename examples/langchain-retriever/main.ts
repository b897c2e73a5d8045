/**
 * LangChain.js's `ContextualCompressionRetriever` with a compressor of lc: what a retriever finds comes back shorter, with its
 * ids and metadata.
 *
 *   npx tsx --conditions=@lc/source main.ts [QUESTION]
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression'
import { Document } from '@langchain/core/documents'
import { BaseRetriever } from '@langchain/core/retrievers'
import { documentCompressor } from '@lc/compress/langchain'
import { loadModel } from '@lc/core'

const [question = 'Which words does LLMLingua keep?'] = process.argv.slice(2)
const folder = join(import.meta.dirname, '../../docs/methods')

/** Stands for a vector store: gives every page of the folder. */
class PageRetriever extends BaseRetriever {
  lc_namespace = ['example']
  override async _getRelevantDocuments(): Promise<Document[]> {
    const names = (await readdir(folder)).filter((name) => name.endsWith('.md')).sort()
    return Promise.all(
      names.map(async (source) => {
        const pageContent = (await readFile(join(folder, source), 'utf8')).slice(0, 3000)
        return new Document({ id: source, pageContent, metadata: { source } })
      }),
    )
  }
}

const model = await loadModel('smollm2-135m')
const baseRetriever = new PageRetriever()
const retriever = new ContextualCompressionRetriever({
  baseRetriever,
  baseCompressor: documentCompressor({ budget: 300, model }),
})

const tokensOf = (documents: Document[]) =>
  documents.reduce((sum, { pageContent }) => sum + model.tokenizer.count(pageContent), 0)
const all = await baseRetriever.invoke(question)
const found = await retriever.invoke(question)
console.log(`${all.length} documents of ${tokensOf(all)} tokens -> ${found.length} of ${tokensOf(found)}`)
for (const { id, metadata, pageContent } of found) console.log(`--- ${id} (${metadata.source})\n${pageContent}`)
await model.close()
