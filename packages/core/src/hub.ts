/** Downloads from the Hugging Face hub into a cache shared with Python, and opening models from any source. @module */
export type { BlobRequest, BlobWriter, CachedFile, CacheStore } from './hub/cache-store.ts'
export type { StreamingHash } from './hub/streaming-hash.ts'
export type { ModelFiles, ModelSource, OpenModelOptions, SentenceTransformers } from './model-files/model-files.ts'
export { openModel } from './model-files/open-model.ts'
export type { FilePlatform, PackageFiles, PackageRequest } from './platform/file-platform.ts'
