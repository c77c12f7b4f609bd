/** A block without compression (RFC 1951 §3.2.4): LEN, its complement, and as many bytes. */
import { alignToByte, bitCount, bits, continueBits, input, inputEnd, need, takeBits } from "./bit-reader";
import { continueOutput, OUTPUT_LIMIT, output } from "./output-window";
import { BAD_STORED_LENGTH, HAVE_OUTPUT, NEED_INPUT, NEXT } from "./status";

let lengthKnown: bool = false;
let left: u32 = 0;

export function beginStored(): void {
  alignToByte();
  lengthKnown = false;
}

/** NEXT when the block is over. */
export function readStored(): i32 {
  if (!lengthKnown) {
    if (!need(32)) return NEED_INPUT;
    left = takeBits(16);
    if (takeBits(16) !== (~left & 0xffff)) return BAD_STORED_LENGTH;
    lengthKnown = true;
  }
  while (left > 0) {
    if (output >= OUTPUT_LIMIT) return HAVE_OUTPUT;
    if (bitCount > 0) {
      store<u8>(output, takeBits(8));
      passed(1);
      continue;
    }
    const available = min(<u32>(inputEnd - input), <u32>(OUTPUT_LIMIT - output));
    const length = min(available, left);
    if (length === 0) return NEED_INPUT;
    memory.copy(output, input, length);
    continueBits(input + length, bits, bitCount);
    passed(length);
  }
  return NEXT;
}

function passed(length: u32): void {
  continueOutput(output + length);
  left -= length;
}
