import { openModel } from '@lc/core/hub'
import { nodeFilePlatform } from '@lc/core/node'

/** Where the file of a model lies on this machine; it is fetched first if it is not here. */
export async function modelFile(name: string): Promise<string> {
  const files = await openModel(name, { platform: nodeFilePlatform() })
  const { path } = files
  await files.close()
  if (path === undefined) throw new Error(`${name} is no file on this machine`)
  return path
}
