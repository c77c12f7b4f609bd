import { describe, expect, it } from "vitest";
import { verifyBundle } from "../../../src/bundle/verify.ts";
import { bytesSlices } from "../../../src/bytes/slices.ts";
import type { Verdict } from "../../../src/trust/verdict.ts";
import { verdictExitCode } from "../../../src/trust/verdict.ts";
import {
  builtBundle,
  entriesOf,
  type Fixture,
  forgedBundle,
  KEY,
  OTHER_KEY,
  signedBundle,
} from "./fixture.ts";

const fixture = await signedBundle();
const keys = [KEY.publicKey];

function verify(bytes: Uint8Array, { host }: Fixture = fixture, trusted = keys): Promise<Verdict> {
  return verifyBundle(bytesSlices(bytes), host, { keys: trusted });
}

const entries = entriesOf(fixture.bytes);

function changed(at: number, to?: number): Uint8Array {
  const bytes = fixture.bytes.slice();
  bytes[at] = to ?? (bytes[at] as number) ^ 1;
  return bytes;
}

const failures = (verdict: Verdict) => verdict.checks.filter(({ outcome }) => outcome === "fail");

describe("an untouched bundle", () => {
  it("is verified with its key", async () => {
    const verdict = await verify(fixture.bytes);
    expect(failures(verdict)).toEqual([]);
    expect(verdict).toMatchObject({ outcome: "verified", signature: "valid", signedBy: KEY.publicKey.hint });
    expect(verdict.checks.filter(({ outcome }) => outcome === "skipped")).toEqual([]);
  });

  it("accounts for every entry: its header, its content, its padding", async () => {
    const verdict = await verify(fixture.bytes);
    const passed = (id: string) =>
      verdict.checks.filter((check) => check.id === id && check.outcome === "pass").length;
    expect(passed("header")).toBe(entries.length);
    const contents = ["oci-layout", "index", "docker-manifest", "root", "manifest", "blob", "referrer"];
    expect(contents.reduce((sum, id) => sum + passed(id), 0)).toBe(entries.length);
  });

  it("is intact, no more, without a key", async () => {
    const verdict = await verify(fixture.bytes, fixture, []);
    expect(verdict).toMatchObject({ outcome: "intact", signature: "not-checked" });
    expect(verdictExitCode(verdict)).toBe(0);
  });
});

describe("signatures told apart", () => {
  it("unsigned", async () => {
    const unsigned = await builtBundle();
    expect(await verify(unsigned.bytes, unsigned)).toMatchObject({
      outcome: "untrusted",
      signature: "unsigned",
    });
    expect(await verify(unsigned.bytes, unsigned, [])).toMatchObject({
      outcome: "intact",
      signature: "unsigned",
    });
  });

  it("unknown key", async () => {
    const verdict = await verify(fixture.bytes, fixture, [OTHER_KEY.publicKey]);
    expect(verdict).toMatchObject({ outcome: "untrusted", signature: "unknown-key" });
    expect(verdictExitCode(verdict)).toBe(3);
  });

  it("bad signature: one that a forger laid out correctly, but did not make with the key", async () => {
    const forged = await forgedBundle();
    const verdict = await verify(forged.bytes, forged);
    expect(verdict).toMatchObject({ outcome: "failed", signature: "bad-signature" });
  });
});

describe("a changed byte", () => {
  it("anywhere in the file is found, and named", async () => {
    // Every byte of headers, padding and generated files; of blobs a spread.
    for (let at = 0; at < fixture.bytes.length; at += 11) {
      const verdict = await verify(changed(at));
      expect.soft(verdictExitCode(verdict), `byte ${at}`).toBe(3);
      expect.soft(failures(verdict).length, `byte ${at}`).toBeGreaterThan(0);
    }
  });

  it.each(entries.map(({ name, header }) => [name, header]))(
    "in the header of %s names it",
    async (name, header) => {
      const verdict = await verify(changed((header as number) + 136 + 10, 0x31));
      expect(verdictExitCode(verdict)).toBe(3);
      const words = `${verdict.sentence} ${JSON.stringify(failures(verdict))}`;
      const before = entries[entries.findIndex((entry) => entry.name === name) - 1]?.name ?? "the start";
      expect(words.includes(name as string) || words.includes(before)).toBe(true);
    },
  );

  it.each(entries.filter(({ end, padded }) => padded > end).map(({ name, end }) => [name, end]))(
    "in the padding after %s names it",
    async (name, end) => {
      const verdict = await verify(changed(end as number, 1));
      expect(failures(verdict)).toEqual([expect.objectContaining({ id: "padding", object: name })]);
    },
  );

  it("in index.json, still valid JSON, names index.json", async () => {
    const index = entries.find(({ name }) => name === "index.json");
    const text = new TextDecoder().decode(fixture.bytes.subarray(index?.start, index?.end));
    for (const [from, to] of [
      ["team/server:1.0", "team/server:1.1"],
      ["v0.3+json", "v0.4+json"],
      ["app-1.10", "app-1.11"],
      ["server", "sorver"],
      ["schemaVersion", "schemaVersiom"],
    ]) {
      expect(text).toContain(from);
      const bytes = fixture.bytes.slice();
      bytes.set(new TextEncoder().encode(text.replace(from as string, to as string)), index?.start);
      const verdict = await verify(bytes);
      expect(verdict.sentence).toContain("index.json");
      expect(verdictExitCode(verdict)).toBe(3);
    }
  });

  it("in manifest.json, still valid JSON, names manifest.json", async () => {
    const entry = entries.find(({ name }) => name === "manifest.json");
    const text = new TextDecoder().decode(fixture.bytes.subarray(entry?.start, entry?.end));
    const bytes = fixture.bytes.slice();
    bytes.set(new TextEncoder().encode(text.replace("server:1.0", "server:6.6")), entry?.start);
    expect(failures(await verify(bytes))).toEqual([
      expect.objectContaining({ id: "docker-manifest", object: "manifest.json" }),
    ]);
  });

  it.each(entries.slice(3).filter(({ start, end }) => start < end))(
    "in $name names its digest",
    async ({ name, start, end }) => {
      const verdict = await verify(changed(Math.floor((start + end) / 2)));
      const digest = name.replace(/^blobs\/sha256\//, "sha256:");
      expect(JSON.stringify(failures(verdict))).toContain(digest);
    },
  );
});

describe("a file that is not whole", () => {
  it("cut off anywhere is not verified, and nothing throws", async () => {
    for (let length = 0; length < fixture.bytes.length; length += 731) {
      const verdict = await verify(fixture.bytes.subarray(0, length));
      expect.soft(verdictExitCode(verdict), `${length} bytes`).toBe(3);
    }
  });

  it("with something behind its end is not verified", async () => {
    const longer = new Uint8Array(fixture.bytes.length + 512);
    longer.set(fixture.bytes);
    expect(verdictExitCode(await verify(longer))).toBe(3);
    longer[longer.length - 1] = 1;
    expect(verdictExitCode(await verify(longer))).toBe(3);
  });

  it("with an entry twice, one too many, or in another order is not verified", async () => {
    const [first, second] = [entries[5], entries[6]];
    if (!first || !second) throw new Error("the fixture is too small");
    const part = (entry: typeof first) => fixture.bytes.subarray(entry.header, entry.padded);
    const before = fixture.bytes.subarray(0, first.header);
    const after = fixture.bytes.subarray(second.padded);
    const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
    for (const bytes of [
      joined(before, part(second), part(first), after),
      joined(before, part(first), part(first), part(second), after),
      joined(before, part(first), after),
    ]) {
      const verdict = await verify(bytes);
      expect(verdictExitCode(verdict)).toBe(3);
      expect(failures(verdict).length).toBeGreaterThan(0);
    }
  });
});
