import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { exportModel } from '@lc/core/export'
import { openModel } from '@lc/core/hub'
import { folderOnDisk, platform } from '@lc/core/node'

/** Weights of an export by the names that transformers.js has for them. */
export type ExportedWeights = 'fp32' | 'q8' | 'q4'

const cache = join(import.meta.dirname, '..', '..', '.cache', 'bench', 'exported')

/**
 * What `lc export MODEL FOLDER` writes of a model file, made once in the bench's cache. Float32 computes with float32, the others as
 * fast as they can.
 */
export async function exportedModel(file: string, weights: ExportedWeights): Promise<string> {
  const files = await openModel({ file }, { platform })
  try {
    const folder = join(cache, `${files.hash.replace(/^.*:/, '').slice(0, 12)}-${weights}`)
    if (existsSync(folder)) return folder
    mkdirSync(cache, { recursive: true })
    const unfinished = `${folder}-${process.pid}`
    const exact = weights === 'fp32'
    await exportModel(files, folderOnDisk(unfinished), {
      dtype: exact ? 'float32' : weights,
      accuracy: exact ? 'exact' : 'fast',
    })
    renameSync(unfinished, folder)
    return folder
  } finally {
    await files.close()
  }
}
