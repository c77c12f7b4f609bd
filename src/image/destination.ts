import type { Content } from "../bytes/content.ts";
import type { EarlyReader } from "../bytes/growing-content.ts";
import type { MadeLayer } from "../host.ts";

/** The place that a layer's blob goes to. */
export interface Destination {
  /** Whether it has the blob already. */
  has(blob: Pick<Content, "digest" | "size">): Promise<boolean>;
  /** Who takes the blob there while it is made; `known` where it is known what comes out, and that it is not there. */
  early?(known?: MadeLayer): EarlyReader | undefined;
}
