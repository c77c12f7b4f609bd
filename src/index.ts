/** Sealift's core for other programs: portable, side-effect free. Hosts bring the ports (`Host`). */
export { type BuildOptions, buildBundle } from "./bundle/build.ts";
export type { Bundle } from "./bundle/bundle.ts";
export { type ExtractResult, extractBundle } from "./bundle/extract.ts";
export { type ArtifactInfo, type BundleInfo, bundleInfo } from "./bundle/info.ts";
export { openBundleFile } from "./bundle/open-file.ts";
export { pullBundle } from "./bundle/pull.ts";
export { type PushResult, pushBundle } from "./bundle/push.ts";
export { signBundle } from "./bundle/sign.ts";
export { type VerifyOptions, verifyBundle } from "./bundle/verify.ts";
export { writeBundle } from "./bundle/write.ts";
export { type Content, contentOf, digestOf, verifiedContent } from "./bytes/content.ts";
export type { FileMode, FileSystem, Files, FilesWriter, FileWriter, TreeEntry } from "./bytes/files.ts";
export type { IndexSink } from "./bytes/piece-index.ts";
export type { FileAttributes, RootFsWriter } from "./bytes/root-fs.ts";
export { blobSlices, bytesSlices, type Slices } from "./bytes/slices.ts";
export { memorySpool, type Spool, type SpoolSlot } from "./bytes/spool.ts";
export type { SpooledContent } from "./bytes/spooled-content.ts";
export { type ByteStream, collect, streamFrom, streamOf } from "./bytes/stream.ts";
export { verified } from "./bytes/verified.ts";
export {
  gunzipIndexing,
  type Indexed,
  type IndexOptions,
  indexGzip,
} from "./compression/gzip-indexer.ts";
export { type IndexedGzip, openIndexedGzip } from "./compression/indexed-gzip.ts";
export { type ErrorCode, isSealiftError, SealiftError } from "./error.ts";
export { applyFilters, type Filter } from "./filter/filter.ts";
export { pipelineKey } from "./filter/pipeline-key.ts";
export type { Clock, Credential, Credentials, Host, LogEvent, ProgressEvent } from "./host.ts";
export type { Document, Image, Layer, LayerBlob } from "./image/image.ts";
export { type LayerEntry, readLayerEntries } from "./image/layer-entries.ts";
export type { Inode, MergedTree, NodeChildren, TreeNode } from "./image/tree.ts";
export { mergedTree } from "./image/tree-merger.ts";
export { type Waste, wasteOf } from "./image/waste.ts";
export { type CheckReport, checkImage } from "./inspect/check.ts";
export { diffImages, type ImageDiff } from "./inspect/diff.ts";
export type { Finding } from "./inspect/findings.ts";
export { ImageFiles } from "./inspect/image-files.ts";
export { type ImageInfo, imageInfo } from "./inspect/info.ts";
export { fallbackKernels } from "./kernel/fallback.ts";
export {
  type AccessPoint,
  type AccessPoints,
  type Codec,
  type Hasher,
  type InflateOptions,
  KERNEL_VERSION,
  type Kernels,
  type ResumableHasher,
} from "./kernel/kernels.ts";
export { wasmKernels } from "./kernel/wasm.ts";
export type { Descriptor, Platform } from "./oci/descriptor.ts";
export { type Digest, parseDigest } from "./oci/digest.ts";
export { formatReference, parseReference, type Reference } from "./oci/reference.ts";
export { CORE_SCHEMES } from "./pipeline/core-schemes.ts";
export { type FilterDefaults, parseFilter } from "./pipeline/filters.ts";
export { type Pipeline, runPipeline, type Verify } from "./pipeline/pipeline.ts";
export { openRawImage } from "./pipeline/raw-schemes.ts";
export type {
  OpenSink,
  OpenSource,
  OpenSources,
  RunOptions,
  Schemes,
  SourceImage,
} from "./pipeline/schemes.ts";
export { namesSeveral, runSeveral, type SeveralOptions, type SeveralResult } from "./pipeline/several.ts";
export { type VerifyMode, verifyWritten, type Written } from "./pipeline/verify-written.ts";
export { openRegistry, openRepository, type Repository } from "./registry/repository.ts";
export type { Sink, SinkResult } from "./sink/sink.ts";
export { memoryStore } from "./store/memory.ts";
export type { Blobs, Manifests, Store, Tags, Uploads } from "./store/store.ts";
export { formatPrivateKey, generateKeyPair, type KeyPair, parsePrivateKey } from "./trust/private-key.ts";
export { formatPublicKey, type PublicKey, parsePublicKey } from "./trust/public-key.ts";
export { type Check, type CheckId, type Verdict, verdictExitCode } from "./trust/verdict.ts";
