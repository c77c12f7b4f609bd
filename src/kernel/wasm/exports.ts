/**
 * The ABI of dist/kernels.wasm, as assembly/index.ts exports it; each kernel's
 * part is explained at the head of its file there. Globals are addresses and
 * sizes in linear memory.
 */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;

  readonly sha256_input: Constant;
  readonly sha256_input_size: Constant;
  readonly sha256_state: Constant;
  readonly sha256_state_size: Constant;
  readonly sha256_digest_bytes: Constant;
  sha256_init(): void;
  sha256_update(length: number): void;
  sha256_save(): void;
  sha256_digest(): void;

  readonly sha256x4_input: Constant;
  readonly sha256x4_window_size: Constant;
  readonly sha256x4_window_stride: Constant;
  sha256x4_begin(lane: number): void;
  sha256x4_fill(lane: number, length: number, last: number): void;
  sha256x4_run(): number;
  sha256x4_digest(lane: number): void;

  readonly sha512_input: Constant;
  readonly sha512_input_size: Constant;
  readonly sha512_state: Constant;
  readonly sha512_state_size: Constant;
  readonly sha512_digest_bytes: Constant;
  sha512_init(): void;
  sha512_update(length: number): void;
  sha512_save(): void;
  sha512_digest(): void;

  readonly crc32_input: Constant;
  readonly crc32_input_size: Constant;
  crc32_update(length: number, crc: number): number;
  crc32_combine(first: number, second: number, length: number): number;

  readonly inflate_input: Constant;
  readonly inflate_input_size: Constant;
  inflate_init(): void;
  inflate_push(length: number): number;
  inflate_complete(): number;
  inflate_output_start(): number;
  inflate_output_length(): number;
  readonly inflate_history: Constant;
  inflate_history_start(): number;
  inflate_history_length(): number;
  inflate_stop_at_block(): void;
  inflate_unread_bits(): number;
  gunzip_init(): void;
  gunzip_push(length: number): number;
  gunzip_complete(): number;
  gunzip_member_crc(): number;
  gunzip_member_length(): number;
  gunzip_resume(history: number, unread: number, bits: number, crc: number, length: number): void;

  readonly deflate_chunk: Constant;
  readonly deflate_chunk_size: Constant;
  readonly deflate_output: Constant;
  deflate_compress(level: number, dictionary: number, length: number, last: number): number;
  deflate_checksum(length: number): number;
  gzip_init(level: number): void;
  gzip_push(): number;
  gzip_end(length: number): number;
  gzip_output_start(): number;

  rewrite_init(gzipped: number, seconds: number, clamp: number): void;
  rewrite_push(length: number): number;
  rewrite_end(): number;

  readonly tar_block: Constant;
  readonly tar_numbers: Constant;
  readonly tar_lengths: Constant;
  tar_parse(): number;
  tar_format(): number;
  tar_encode(): number;
  tar_retime(seconds: number, clamp: number): number;

  readonly xxh64_input: Constant;
  readonly xxh64_input_size: Constant;
  xxh64_init(): void;
  xxh64_update(): void;
  xxh64_finish(length: number): number;
}

/** An exported global that never changes. The hosts' types of WebAssembly.Global do not agree with each other. */
interface Constant {
  readonly value: number;
}
