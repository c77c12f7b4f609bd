export type Severity = "error" | "warning" | "info";

/** One thing that a check has to say. */
export interface Finding {
  readonly severity: Severity;
  readonly check: CheckId;
  readonly message: string;
  /** The lowest is 0. */
  readonly layer?: number;
  /** Where several platforms' images are checked. */
  readonly platform?: string;
}

/** occystrap's ids, then those its design planned, then ours. */
export type CheckId =
  | "metadata"
  | "schema-version"
  | "rootfs-type"
  | "layer-count"
  | "config-descriptor"
  | "history-count"
  | "zstd-compat"
  | "oci-media-type"
  | "docker-media-type"
  | "large-layer"
  | "args-escaped"
  | "config-digest"
  | "config-size"
  | "diff-id"
  | "tar-format"
  | "whiteout"
  | "whiteout-size"
  | "tar-timestamp"
  | "tar-permissions"
  | "duplicate-file"
  | "layer-media-type"
  | "layer-digest"
  | "history-order"
  | "index"
  | "index-child"
  | "index-platform"
  | "index-duplicate"
  | "referrers"
  | "manifest"
  | "manifest-digest"
  | "config"
  | "layer-descriptor"
  | "layer-read"
  | "tar-path"
  | "tar-link"
  | "toc"
  | "docker-manifest";

/** Errors of these mean that content is not what its digest says, or not the same for all readers. */
const CONTENT_CHECKS: ReadonlySet<CheckId> = new Set<CheckId>([
  "manifest-digest",
  "config-digest",
  "config-size",
  "layer-digest",
  "diff-id",
  "docker-manifest",
]);

/** Whether a finding says that content is not what it should be, rather than not as it should be written. */
export function isContentFault({ severity, check }: Finding): boolean {
  return severity === "error" && CONTENT_CHECKS.has(check);
}

/** Collects what the checks of one image find. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #where: Pick<Finding, "layer" | "platform">;

  constructor(where: Pick<Finding, "layer" | "platform"> = {}, list: Finding[] = []) {
    this.#where = where;
    this.list = list;
  }

  /** The same list, for what concerns a part. */
  within(where: Pick<Finding, "layer" | "platform">): Findings {
    return new Findings({ ...this.#where, ...where }, this.list);
  }

  add(severity: Severity, check: CheckId, message: string): void {
    this.list.push({ severity, check, message, ...this.#where });
  }

  /** Whether there is an error among what came after the first `from`. */
  hasErrors(from: number): boolean {
    return this.list.slice(from).some(({ severity }) => severity === "error");
  }

  /** An error where it does not hold, a note where it does. */
  judge(holds: boolean, check: CheckId, held: string, broken: string): void {
    this.add(holds ? "info" : "error", check, holds ? held : broken);
  }
}
