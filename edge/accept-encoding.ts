/**
 * Whether an Accept-Encoding header asks for gzip (RFC 9110, 12.5.3): it is
 * acceptable, and no less welcome than the bytes as they are. What is malformed
 * asks for nothing.
 */
export function asksForGzip(header: string | null): boolean {
  const weights = new Map<string, number>();
  for (const part of header?.split(",") ?? []) {
    const [, name, weight = "1"] = PART.exec(part.trim().toLowerCase()) ?? [];
    if (name !== undefined) weights.set(name, Number(weight));
  }
  const gzip = weights.get("gzip") ?? weights.get("x-gzip") ?? weights.get("*") ?? 0;
  return gzip > 0 && gzip >= (weights.get("identity") ?? 0);
}

const PART = /^([\w!#$%&'*+.^`|~-]+)(?:[ \t]*;[ \t]*q=([01](?:\.\d{0,3})?))?$/;
