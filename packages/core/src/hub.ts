/** Downloads from the Hugging Face hub into a cache shared with Python, and opening models from any source. @module */

export { type AliasSource, type ModelAlias, modelAlias, modelAliases } from './hub/aliases.ts'
export type { BlobRequest, BlobWriter, CachedFile, CacheStore } from './hub/cache-store.ts'
export { type DownloadRequest, downloadFile, type MakeHash } from './hub/download-file.ts'
export { findRemoteFile, type RemoteFile, type RemoteFileRequest } from './hub/find-remote-file.ts'
export { HubRepository, type HubRepositoryOptions } from './hub/hub-repository.ts'
export { type HubSettings, hubSettings } from './hub/hub-settings.ts'
export { sha1, sha256 } from './hub/sha.ts'
export type { StreamingHash } from './hub/streaming-hash.ts'
export type { ModelFiles, ModelSource, OpenModelOptions, SentenceTransformers } from './model-files/model-files.ts'
export { openModel } from './model-files/open-model.ts'
export type { FilePlatform, PackageFiles, PackageRequest } from './platform/file-platform.ts'
