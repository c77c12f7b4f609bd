/** `bundle build --with-verifier`, and `bundle verify` of what is no bundle. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Workspace } from "./cli.ts";

const MANIFEST = `apiVersion: sealift.dev/v1
kind: Manifest
metadata:
  name: notes
artifacts:
  - name: notes
    origin: local://./notes.txt
    target: notes.txt
`;
const built = readFileSync(fileURLToPath(new URL("../../../dist/verify.html", import.meta.url)));

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
  writeFileSync(work.at("notes.sealift.yml"), MANIFEST);
  writeFileSync(work.at("notes.txt"), "notes\n");
});
afterAll(() => work.dispose());

const build = (...args: string[]) =>
  work.run(["bundle", "build", "-f", "notes.sealift.yml", "--with-verifier", ...args]);

test("verify.html is laid beside the bundle, and again over itself", async () => {
  expect(await build()).toMatchObject({ code: 0, stdout: expect.stringContaining("verify.html") });
  expect(readFileSync(work.at("verify.html")).equals(built)).toBe(true);
  expect(await build()).toMatchObject({ code: 0 });
});

test("another file of that name is replaced only by --force, and the bundle is not written either", async () => {
  writeFileSync(work.at("verify.html"), "<p>mine</p>");
  writeFileSync(work.at("notes.bundle"), "as it was");
  expect(await build()).toMatchObject({ code: 1, stderr: expect.stringContaining("--force") });
  expect(readFileSync(work.at("verify.html"), "utf8")).toBe("<p>mine</p>");
  expect(readFileSync(work.at("notes.bundle"), "utf8")).toBe("as it was");
  expect(await build("--force")).toMatchObject({ code: 0 });
  expect(readFileSync(work.at("verify.html")).equals(built)).toBe(true);
});

test("a file that is neither a bundle nor an archive of images does not verify", async () => {
  expect(await work.run(["bundle", "verify", "notes.txt"])).toMatchObject({
    code: 3,
    stdout: expect.stringContaining("Not verified"),
  });
});
