/** What is in a file, as a tree for people: artifacts, images with platforms, layers, files. */
import type { ByteStream } from "../bytes/stream.ts";
import { SealiftError } from "../error.ts";
import type { Digest } from "../oci/digest.ts";

export type ContentsKind =
  | "artifact"
  | "index"
  | "image"
  | "layer"
  | "config"
  | "signature"
  | "folder"
  | "file"
  | "link"
  | "device"
  /** Named, and not in this file. */
  | "absent";

/** One line of the tree; plain data, so that it can be sent to another thread. */
export interface ContentsNode {
  /** Unique in its tree; gives {@link Contents.list} and {@link Contents.take} their object. */
  readonly key: string;
  readonly kind: ContentsKind;
  readonly name: string;
  /** Bytes; of a folder those of all it holds. */
  readonly size?: number | undefined;
  readonly digest?: Digest | undefined;
  /** Permission bits. */
  readonly mode?: number | undefined;
  /** More about it, for a person: a platform, the command that made a layer, a link's target. */
  readonly detail?: string | undefined;
  /** Absent where there are none, or where they are to be listed first. */
  readonly children?: readonly ContentsNode[] | undefined;
  /** Children become known by reading it: {@link Contents.list}. */
  readonly listable?: true | undefined;
  /** It can be taken out, under this name. */
  readonly saveAs?: string | undefined;
}

/** A run of bytes of the archive's tar. */
export interface FileRange {
  readonly start: number;
  readonly end: number;
}

/** Something taken out. */
export interface Taken {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Its bytes; the stream fails rather than end on content that does not hold. */
  open(): Promise<ByteStream>;
  /**
   * The same bytes as pieces of the archive, where they lie in it: once the
   * stream was read to its end, they need not be copied.
   */
  readonly pieces?: readonly (Uint8Array | FileRange)[];
  dispose(): Promise<void>;
}

export interface Contents {
  readonly nodes: readonly ContentsNode[];
  /** What is in a listable node; reads it whole, and checks it. Throws as reading does, NOT_FOUND. */
  list(key: string): Promise<readonly ContentsNode[]>;
  /** A node's content. Throws NOT_FOUND for one that cannot be taken out. */
  take(key: string): Promise<Taken>;
}

/** What can be done with nodes, by key, while a tree is being described. */
export class ContentsRegister {
  readonly #lists = new Map<string, () => Promise<readonly ContentsNode[]>>();
  readonly #takes = new Map<string, () => Promise<Taken>>();

  listable(key: string, list: () => Promise<readonly ContentsNode[]>): void {
    this.#lists.set(key, list);
  }

  takeable(key: string, take: () => Promise<Taken>): void {
    this.#takes.set(key, take);
  }

  contents(nodes: readonly ContentsNode[]): Contents {
    return {
      nodes,
      list: (key) => found(this.#lists.get(key), key)(),
      take: (key) => found(this.#takes.get(key), key)(),
    };
  }
}

function found<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new SealiftError("NOT_FOUND", `Cannot open ${key}: it is not in this file`);
  return value;
}
