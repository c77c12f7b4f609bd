import { Gather } from "../bytes/gather.ts";
import { type ByteStream, streamFrom } from "../bytes/stream.ts";
import type { Kernels } from "../kernel/kernels.ts";
import { encodeHeader } from "./encode.ts";
import { withGnuTimes } from "./gnu-times.ts";
import { HeadReader, type TarHead, truncated } from "./head.ts";
import { paddingOf } from "./header.ts";
import { StreamInput } from "./input.ts";
import type { RemovalPlan } from "./removal-plan.ts";

/**
 * The archive without what the plan takes out. Members that stay are passed on
 * as bytes, with extended headers and padding, and so is what follows the end;
 * only a member with another name or target gets new headers, with all its
 * attributes. Fails as reading the archive does.
 */
export function removeMembers(
  tar: ByteStream,
  plan: () => Promise<RemovalPlan>,
  kernels: Kernels,
): ByteStream {
  return streamFrom(remaining(tar, plan, kernels), (reason) => tar.cancel(reason));
}

async function* remaining(tar: ByteStream, makePlan: () => Promise<RemovalPlan>, kernels: Kernels) {
  const input = new StreamInput(tar);
  const output = new Gather();
  try {
    const plan = await makePlan();
    const heads = new HeadReader(input, kernels);
    for (let member = 0; ; member++) {
      const head = await heads.next();
      if (head.kind === "end") {
        output.add(head.blocks);
        break;
      }
      const removed = plan.removed.has(member);
      for (const part of removed ? globalsOf(head) : headOf(head, member, plan, kernels)) output.add(part);
      const { size } = head.header;
      const end = input.position + size + paddingOf(size);
      while (input.position < end) {
        const chunk = await input.next(end - input.position);
        if (!chunk) throw truncated(input.position);
        if (!removed) output.add(chunk);
        yield* output.take();
      }
      yield* output.take();
    }
    for (let chunk = await input.next(TO_THE_END); chunk; chunk = await input.next(TO_THE_END)) {
      output.add(chunk);
      yield* output.take();
    }
    yield* output.rest();
  } finally {
    await input.cancel();
  }
}

/** Further than any archive goes. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;

function headOf(head: TarHead, member: number, plan: RemovalPlan, kernels: Kernels): readonly Uint8Array[] {
  const name = plan.renamed.get(member);
  const linkname = plan.retargeted.get(member);
  if (name === undefined && linkname === undefined) {
    return [...head.extensions.flatMap(bytesOf), head.block];
  }
  const header = withGnuTimes(head);
  const changed = { ...header, name: name ?? header.name, linkname: linkname ?? header.linkname };
  return [...globalsOf(head), encodeHeader(changed, kernels)];
}

/** Global headers speak of all members that follow. */
function globalsOf({ extensions }: TarHead): readonly Uint8Array[] {
  return extensions.filter(({ flag }) => flag === "g").flatMap(bytesOf);
}

function bytesOf({ block, payload, padding }: TarHead["extensions"][number]): readonly Uint8Array[] {
  return [block, payload, padding];
}
