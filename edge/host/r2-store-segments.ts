/** A blob in R2: objects that never change, one after the other. */

/** One object of a blob. Its key is `segments/SOURCE/NAME`. */
export interface Segment {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** A blob's bytes, wherever it is a member. */
export interface Content {
  /** The upload they came by. */
  readonly source: string;
  readonly size: number;
  readonly segments: readonly Segment[];
}

/** What R2 deletes in one call, and lists in one. */
const BATCH = 1000;

export function segmentKey(source: string, name: string): string {
  return segmentPrefix(source) + name;
}

/** Deletes an upload's objects but those named; also those that no record knows, left by writers that were cut off. */
export async function sweepSegments(
  bucket: R2Bucket,
  source: string,
  keep: ReadonlySet<string> = new Set(),
): Promise<void> {
  const prefix = segmentPrefix(source);
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix, limit: BATCH, ...(cursor !== undefined && { cursor }) });
    const keys = page.objects.map(({ key }) => key).filter((key) => !keep.has(key.slice(prefix.length)));
    if (keys.length > 0) await bucket.delete(keys);
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
}

function segmentPrefix(source: string): string {
  return `segments/${source}/`;
}
