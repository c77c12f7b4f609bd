/** URIs of every scheme and options of every filter that are wrong: nothing is read, nothing written. */
import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/error.ts";
import { Workspace } from "./cli.ts";
import { expectFailure } from "./failure.ts";
import { archiveOf, smallLayout, writeFolder } from "./images.ts";

let work: Workspace;
const layout = smallLayout();

beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("app.tar"), archiveOf(layout.files));
  writeFolder(work.at("layout"), layout.files);
  mkdirSync(work.at("empty"));
});
afterAll(() => work.dispose());

const USAGE = /\nhint: /;

type Case = [uri: string, code: ErrorCode, exit: number, says: string | RegExp];

describe("a source", () => {
  it.each<Case>([
    ["registry://", "URI_INVALID", 2, "registry:// needs a name"],
    ["registry://127.0.0.1:5977", "REFERENCE_INVALID", 2, "it names no repository"],
    ["registry://127.0.0.1:5977/", "REFERENCE_INVALID", 2, "Cannot"],
    ["registry://r.example.com/UPPER", "REFERENCE_INVALID", 2, '"UPPER" is not a repository name'],
    ["registry://r.example.com/a:!", "REFERENCE_INVALID", 2, '"!" is not a tag'],
    ["registry://r.example.com/a@sha256:12", "REFERENCE_INVALID", 2, "is not a digest"],
    ["registry://r.example.com/a?compression=gzip", "URI_INVALID", 2, 'option "compression"'],
    ["registry://r.example.com/a?insecure=perhaps", "URI_INVALID", 2, "is not true or false"],
    ["registry://r.example.com/a?max_workers=-3", "URI_INVALID", 2, "is not a number from 1 to 999"],
    ["registry://r.example.com/a?username=%zz", "URI_INVALID", 2, "is not percent-encoded correctly"],
    ["registry://r.example.com/*@sha256:12", "URI_INVALID", 2, "as a pattern"],
    ["quay://", "URI_INVALID", 2, "quay:// needs a name"],
    ["quay://UPPER/*", "URI_INVALID", 2, '"UPPER" is no organisation'],
    ["quay://org/*?label=x", "URI_INVALID", 2, '"x" is not KEY=VALUE'],
    ["tar://", "URI_INVALID", 2, "tar:// needs a path"],
    ["file://", "URI_INVALID", 2, "file:// needs a path"],
    ["tar://app.tar?insecure=1", "URI_INVALID", 2, 'option "insecure"'],
    ["tar://app.tar#none", "NOT_FOUND", 5, 'Cannot find "none"'],
    ["tar://app.tar#x*", "NOT_FOUND", 5, "Cannot find"],
    ["tar://missing.tar", "NOT_FOUND", 5, "missing.tar"],
    ["tar://empty", "IO", 1, "it is a folder"],
    ["oci-archive://", "URI_INVALID", 2, "needs a path"],
    ["oci-archive://app.tar#none", "NOT_FOUND", 5, "it has v1"],
    ["oci-layout://", "URI_INVALID", 2, "needs a path"],
    ["oci-layout://missing", "NOT_FOUND", 5, "missing"],
    ["oci-layout://empty", "LAYOUT_INVALID", 1, "it has no oci-layout"],
    ["oci-layout://app.tar", "IO", 1, "it is a file"],
    ["oci-layout://layout#none", "NOT_FOUND", 5, "it has v1"],
    ["dir://", "URI_INVALID", 2, "needs a path"],
    ["dir://empty", "LAYOUT_INVALID", 1, "Cannot read"],
    ["dir://layout?expand=1", "URI_INVALID", 2, 'option "expand"'],
    ["bundle://", "URI_INVALID", 2, "needs a path"],
    ["bundle://missing.bundle", "NOT_FOUND", 5, "missing.bundle"],
    ["docker://", "URI_INVALID", 2, "needs a name"],
    ["docker://app?socket=/nowhere/s", "UNREACHABLE", 5, "there is no such socket"],
    ["dockerpush://", "URI_INVALID", 2, "needs a name"],
    ["dockerpush://App?socket=/nowhere/s", "REFERENCE_INVALID", 2, "is not a repository name"],
    ["dockerpush://app?socket=/nowhere/s", "UNREACHABLE", 5, "there is no such socket"],
    ["oci://layout", "URI_INVALID", 2, "Cannot use oci:// as a source"],
    ["mounts://layout", "URI_INVALID", 2, "Cannot use mounts:// as a source"],
  ])("%s is refused", async (uri, code, exit, says) => {
    const said = await expectFailure(work, ["process", uri, "tar://out.tar"], { code, exit, says });
    if (exit === 2) expect(said).toMatch(USAGE);
  });
});

describe("a destination", () => {
  it.each<Case>([
    ["registry://", "URI_INVALID", 2, "registry:// needs a name"],
    ["registry://127.0.0.1:5977", "REFERENCE_INVALID", 2, "it names no repository"],
    ["registry://r.example.com/UPPER", "REFERENCE_INVALID", 2, "is not a repository name"],
    ["registry://r.example.com/a?os=linux", "URI_INVALID", 2, 'option "os"'],
    ["registry://r.example.com/a?compression=xz", "URI_INVALID", 2, '"xz" is not gzip or zstd'],
    ["registry://r.example.com/a?max_workers=x", "URI_INVALID", 2, "is not a number from 1 to 999"],
    ["registry://UPPER/", "REFERENCE_INVALID", 2, "it does not name a host"],
    ["tar://", "URI_INVALID", 2, "needs a path"],
    ["tar://-", "USAGE", 2, "standard output is for the result"],
    ["tar://out.tar?arch=arm64", "URI_INVALID", 2, 'option "arch"'],
    ["tar://https://r.example.com/out.tar", "UNSUPPORTED", 1, "archives are only read over HTTP"],
    ["tar://empty", "IO", 1, "it is a folder"],
    ["oci-archive://out.tar?arch=arm64", "URI_INVALID", 2, 'option "arch"'],
    ["oci-archive://empty", "IO", 1, "it is a folder"],
    ["oci-layout://out?x=1", "URI_INVALID", 2, 'option "x"'],
    ["oci-layout://app.tar", "IO", 1, "a file stands there"],
    ["dir://out?expand=perhaps", "URI_INVALID", 2, "is not true or false"],
    ["dir://out?unique_names=2", "URI_INVALID", 2, "is not true or false"],
    ["dir://app.tar", "IO", 1, "a file stands there"],
    ["bundle://out.bundle?x=1", "URI_INVALID", 2, 'option "x"'],
    ["oci://out?readonly=perhaps", "URI_INVALID", 2, "is not true or false"],
    ["oci://out?hostname=", "URI_INVALID", 2, "hostname"],
    ["oci://out?hostname=a%20b", "URI_INVALID", 2, "hostname"],
    ["mounts://out?x=1", "URI_INVALID", 2, 'option "x"'],
    ["docker://app?os=linux", "URI_INVALID", 2, 'option "os"'],
    ["docker://App?socket=/nowhere/s", "REFERENCE_INVALID", 2, "is not a repository name"],
    ["docker://app?socket=/nowhere/s", "UNREACHABLE", 5, "there is no such socket"],
    ["docker://app?socket=", "URI_INVALID", 2, "socket"],
    ["dockerpush://app", "URI_INVALID", 2, "Cannot use dockerpush:// as a destination"],
    ["file://out.tar", "URI_INVALID", 2, "Cannot use file:// as a destination"],
  ])("%s is refused", async (uri, code, exit, says) => {
    const args = ["copy", "oci-archive://app.tar", uri];
    const said = await expectFailure(work, args, { code, exit, says });
    if (exit === 2) expect(said).toMatch(USAGE);
  });
});

describe("a filter", () => {
  it.each<[string, string | RegExp]>([
    ["", "its specification is empty"],
    ["shrink", "there are normalize-timestamps"],
    ["normalize-timestamps:ts=soon", "not a whole number of seconds"],
    ["normalize-timestamps:ts=-1", "it is not from 0 to"],
    ["exclude", "it needs pattern="],
    ["exclude:pattern={a", /its \{ is not closed\nhint: \\\{ means the character itself/],
    ["search:pattern=[", /its \[ is not closed\nhint: \\\[ means the character itself/],
    ["search:pattern=(,regex=yes", "Invalid regular expression"],
    ["inspect", "it needs file="],
    ["squash:from=99", "Cannot squash above the first 99 layers: v1 has 2 layers"],
    ["squash:from=-1", "from is not a number of layers"],
    ["annotate:novalue", "is not key=value"],
    ["recompress:format=xz", "format is not gzip, zstd or none"],
    ["recompress:format=gzip,level=5", "it has 1, 6, 9"],
    ["only-platform:platform=linux", "platform"],
  ])("%s is refused", async (spec, says) => {
    const args = ["process", "oci-archive://app.tar", "oci-archive://out.tar", "-f", spec];
    const said = await expectFailure(work, args, { code: "USAGE", exit: 2, says });
    expect(said).toMatch(USAGE);
  });

  it("for a platform that the image is not for is refused", async () => {
    const args = ["process", "oci-archive://app.tar", "oci-archive://out.tar"];
    const spec = ["-f", "only-platform:platform=linux/riscv64"];
    await expectFailure(work, [...args, ...spec], {
      code: "PLATFORM_NOT_FOUND",
      exit: 5,
      says: "linux/amd64",
    });
  });
});

it.each([
  [["search", "oci-archive://app.tar", "["], "its [ is not closed"],
  [["search", "oci-archive://app.tar", "{a"], "its { is not closed"],
  [["search", "oci-archive://app.tar", ""], "it names nothing"],
  [["search", "oci-archive://app.tar", "(", "--regex"], "Invalid regular expression"],
  [["search", "oci-archive://app.tar", "", "--regex"], "it is empty"],
] as const)("%j is refused", async (args, says) => {
  const said = await expectFailure(work, args, { code: "USAGE", exit: 2, says });
  expect(said).toMatch(USAGE);
});
