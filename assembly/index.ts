export {
  INPUT as inflate_input,
  INPUT_SIZE as inflate_input_size,
  unreadBits as inflate_unread_bits,
} from "./bit-reader";
export {
  combine as crc32_combine,
  INPUT as crc32_input,
  INPUT_SIZE as crc32_input_size,
  update as crc32_update,
} from "./checksum";
export {
  CHUNK as deflate_chunk,
  CHUNK_SIZE as deflate_chunk_size,
  checksum as deflate_checksum,
  compress as deflate_compress,
  OUTPUT as deflate_output,
} from "./deflate";
export {
  complete as gunzip_complete,
  init as gunzip_init,
  memberCrc as gunzip_member_crc,
  memberLength as gunzip_member_length,
  push as gunzip_push,
  resume as gunzip_resume,
} from "./gunzip";
export {
  end as gzip_end,
  init as gzip_init,
  outputStart as gzip_output_start,
  push as gzip_push,
} from "./gzip";
export {
  complete as inflate_complete,
  init as inflate_init,
  push as inflate_push,
  stopAtBlock as inflate_stop_at_block,
} from "./inflate";
export {
  HISTORY as inflate_history,
  historyLength as inflate_history_length,
  historyStart as inflate_history_start,
  outputLength as inflate_output_length,
  outputStart as inflate_output_start,
} from "./output-window";
export { end as rewrite_end, init as rewrite_init, push as rewrite_push } from "./rewrite";
export {
  DIGEST as sha256_digest_bytes,
  digest as sha256_digest,
  INPUT as sha256_input,
  INPUT_SIZE as sha256_input_size,
  init as sha256_init,
  STATE as sha256_state,
  STATE_SIZE as sha256_state_size,
  save as sha256_save,
  update as sha256_update,
} from "./sha256";
export {
  begin as sha256x4_begin,
  digest as sha256x4_digest,
  fill as sha256x4_fill,
  INPUT as sha256x4_input,
  run as sha256x4_run,
  WINDOW_SIZE as sha256x4_window_size,
  WINDOW_STRIDE as sha256x4_window_stride,
} from "./sha256x4";
export {
  DIGEST as sha512_digest_bytes,
  digest as sha512_digest,
  INPUT as sha512_input,
  INPUT_SIZE as sha512_input_size,
  init as sha512_init,
  STATE as sha512_state,
  STATE_SIZE as sha512_state_size,
  save as sha512_save,
  update as sha512_update,
} from "./sha512";
export {
  BLOCK as tar_block,
  encode as tar_encode,
  format as tar_format,
  LENGTHS as tar_lengths,
  NUMBERS as tar_numbers,
  parse as tar_parse,
  retime as tar_retime,
} from "./tar";
export {
  finish as xxh64_finish,
  INPUT as xxh64_input,
  INPUT_SIZE as xxh64_input_size,
  init as xxh64_init,
  update as xxh64_update,
} from "./xxh64";
