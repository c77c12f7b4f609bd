/**
 * The ABI of dist/kernels.wasm, as assembly/index.ts exports it; each kernel's
 * part is explained at the head of its file there. Globals are addresses and
 * sizes in linear memory.
 */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;

  readonly sha256_input: WebAssembly.Global<"i32">;
  readonly sha256_input_size: WebAssembly.Global<"i32">;
  readonly sha256_state: WebAssembly.Global<"i32">;
  readonly sha256_digest_bytes: WebAssembly.Global<"i32">;
  sha256_init(): void;
  sha256_update(length: number): void;
  sha256_save(): void;
  sha256_digest(): void;

  readonly crc32_input: WebAssembly.Global<"i32">;
  readonly crc32_input_size: WebAssembly.Global<"i32">;
  crc32_update(length: number, crc: number): number;

  readonly inflate_input: WebAssembly.Global<"i32">;
  readonly inflate_input_size: WebAssembly.Global<"i32">;
  inflate_init(): void;
  inflate_push(length: number): number;
  inflate_complete(): number;
  inflate_output_start(): number;
  inflate_output_length(): number;
  gunzip_init(): void;
  gunzip_push(length: number): number;
  gunzip_complete(): number;

  readonly deflate_chunk: WebAssembly.Global<"i32">;
  readonly deflate_chunk_size: WebAssembly.Global<"i32">;
  readonly deflate_output: WebAssembly.Global<"i32">;
  deflate_compress(dictionary: number, length: number, last: number): number;
  gzip_init(): void;
  gzip_push(): number;
  gzip_end(length: number): number;
  gzip_output_start(): number;

  readonly tar_block: WebAssembly.Global<"i32">;
  readonly tar_numbers: WebAssembly.Global<"i32">;
  readonly tar_lengths: WebAssembly.Global<"i32">;
  tar_parse(): number;
  tar_format(): number;
  tar_encode(): number;
  tar_retime(seconds: number, clamp: number): number;
}
