import { misuse, tarInvalid } from "../failure.ts";
import type { TarFields, TarFormat, TarKernel } from "../kernels.ts";
import { putTarText, TAR_BLOCK_SIZE, TAR_FIELDS, type TarText } from "../tar-layout.ts";
import type { KernelInstance } from "./instance.ts";

// In the order of assembly/tar.ts.
const NUMBERS = ["mode", "uid", "gid", "size", "mtime", "devmajor", "devminor"] as const;
const TEXTS = ["name", "linkname", "uname", "gname", "prefix"] as const;
const FORMATS: readonly TarFormat[] = ["v7", "ustar", "gnu"];

/** assembly/tar.ts. */
export function wasmTar({ kernels, memory }: KernelInstance): TarKernel {
  const start = kernels.tar_block.value;
  const window = memory.subarray(start, start + TAR_BLOCK_SIZE);
  const numbers = new Float64Array(memory.buffer, kernels.tar_numbers.value, NUMBERS.length);
  const lengths = new Uint32Array(memory.buffer, kernels.tar_lengths.value, TEXTS.length);

  const put = (block: Uint8Array) => {
    if (block.length !== TAR_BLOCK_SIZE) throw misuse(`a tar header block of ${block.length} bytes`);
    window.set(block);
  };
  const number = (name: (typeof NUMBERS)[number]) => numbers[NUMBERS.indexOf(name)] as number;
  const text = (block: Uint8Array, name: TarText) => {
    const [offset] = TAR_FIELDS[name];
    return block.subarray(offset, offset + (lengths[TEXTS.indexOf(name)] as number));
  };

  return {
    parse(block): TarFields {
      put(block);
      const field = kernels.tar_parse();
      if (field === TAR_FIELDS.checksum[0]) throw tarInvalid("read", "its checksum is wrong");
      if (field !== 0) throw tarInvalid("read", `its ${nameOf(field)} is malformed`);
      return {
        name: text(block, "name"),
        prefix: text(block, "prefix"),
        linkname: text(block, "linkname"),
        uname: text(block, "uname"),
        gname: text(block, "gname"),
        mode: number("mode"),
        uid: number("uid"),
        gid: number("gid"),
        size: number("size"),
        mtime: number("mtime"),
        type: block[TAR_FIELDS.type[0]] as number,
        devmajor: number("devmajor"),
        devminor: number("devminor"),
        format: FORMATS[kernels.tar_format()] as TarFormat,
      };
    },
    encode(fields) {
      window.fill(0);
      for (const name of TEXTS) putTarText(window, name, fields[name]);
      for (const [i, name] of NUMBERS.entries()) numbers[i] = fields[name];
      window[TAR_FIELDS.type[0]] = fields.type;
      const field = kernels.tar_encode();
      if (field !== 0) throw tarInvalid("write", `its ${nameOf(field)} does not fit`);
      return window.slice();
    },
    retime(block, seconds, clamp) {
      put(block);
      if (kernels.tar_retime(seconds, clamp ? 1 : 0) !== 0) {
        throw tarInvalid("change", `its mtime is malformed, or ${seconds} does not fit`);
      }
      block.set(window);
    },
  };
}

/** The number field at an offset. */
function nameOf(offset: number): string {
  return NUMBERS.find((name) => TAR_FIELDS[name][0] === offset) ?? `field at ${offset}`;
}
