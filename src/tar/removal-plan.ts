import type { ByteStream } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Kernels } from "../kernel/kernels.ts";
import type { TarHeader } from "./header.ts";
import { StreamInput } from "./input.ts";
import { memberPath } from "./member-path.ts";
import { readHeads } from "./read.ts";

/** What taking members out of an archive comes to. Members are counted from 0, in their order. */
export interface RemovalPlan {
  /** Members that go. */
  readonly removed: ReadonlySet<number>;
  /** Members that stay where they are under another name: that of a hard link to them. */
  readonly renamed: ReadonlyMap<number, string>;
  /** Hard links with another target. */
  readonly retargeted: ReadonlyMap<number, string>;
  /** Bytes of content that go. */
  readonly bytes: number;
}

/** About 100 bytes of memory each; the largest images have 300,000 members. */
const MAX_REMOVED = 2_000_000;

/** Where a removed name's content is. */
interface Removed {
  /** The member that holds it; undefined where the name was a link to one that stays. */
  readonly holder: number | undefined;
  /** A name by which it stays reachable. */
  kept: string | undefined;
}

/**
 * Reads an archive's headers to see what goes. A hard link that stays while its
 * target goes takes the target's place; further links lead to that one.
 * Throws UNSUPPORTED where a link's target is not in the archive and goes with
 * the layer that has it, and as reading does.
 */
export async function planRemoval(
  tar: ByteStream,
  goes: (path: string) => boolean,
  kernels: Kernels,
): Promise<RemovalPlan> {
  const planner = new Planner(goes);
  const input = new StreamInput(tar);
  for await (const { header } of readHeads(input, kernels)) planner.add(header);
  return planner.plan();
}

class Planner {
  readonly #goes: (path: string) => boolean;
  readonly #removed = new Set<number>();
  readonly #renamed = new Map<number, string>();
  readonly #retargeted = new Map<number, string>();
  readonly #sizes = new Map<number, number>();
  /** The last member that had a name, if it went: links mean that one. */
  readonly #gone = new Map<string, Removed>();
  #count = 0;

  constructor(goes: (path: string) => boolean) {
    this.#goes = goes;
  }

  add(header: TarHeader): void {
    const member = this.#count++;
    const path = memberPath(header.name);
    if (this.#goes(path)) this.#remove(member, path, header);
    else if (header.type === "hardlink") this.#keepLink(member, header);
  }

  plan(): RemovalPlan {
    let bytes = 0;
    for (const [member, size] of this.#sizes) if (!this.#renamed.has(member)) bytes += size;
    for (const member of this.#renamed.keys()) this.#removed.delete(member);
    return { removed: this.#removed, renamed: this.#renamed, retargeted: this.#retargeted, bytes };
  }

  #remove(member: number, path: string, header: TarHeader): void {
    this.#removed.add(member);
    if (this.#removed.size > MAX_REMOVED) {
      throw new SealiftError(
        "LIMIT_EXCEEDED",
        `Cannot remove from layer: more than ${MAX_REMOVED} members match`,
      );
    }
    if (header.size > 0) this.#sizes.set(member, header.size);
    if (header.type !== "directory") this.#gone.set(path, this.#contentOf(member, header));
  }

  #contentOf(member: number, { type, linkname }: TarHeader): Removed {
    if (type !== "hardlink") return { holder: member, kept: undefined };
    const target = memberPath(linkname);
    return this.#goes(target)
      ? // Two names of one content: what becomes of it becomes of both.
        (this.#gone.get(target) ?? { holder: undefined, kept: undefined })
      : { holder: undefined, kept: linkname };
  }

  #keepLink(member: number, { name, linkname }: TarHeader): void {
    const target = memberPath(linkname);
    if (!this.#goes(target)) return;
    const content = this.#gone.get(target);
    if (content?.kept !== undefined) {
      this.#retargeted.set(member, content.kept);
      return;
    }
    if (content?.holder === undefined) {
      throw new SealiftError(
        "UNSUPPORTED",
        `Cannot remove ${linkname}: ${name} is a hard link to it, and its content is in another layer`,
        { hint: "Squash the image first, or exclude the link too." },
      );
    }
    content.kept = name;
    this.#renamed.set(content.holder, name);
    this.#removed.add(member);
  }
}
