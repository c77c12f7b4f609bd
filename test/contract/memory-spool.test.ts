import { expect, it } from "vitest";
import { memorySpool } from "../../src/bytes/spool.ts";
import { spoolContract } from "./spool.ts";

spoolContract("memorySpool", () => memorySpool(1 << 24));

it("memorySpool refuses what does not fit its memory, and has room again after a disposal, once", async () => {
  const spool = memorySpool(100);
  const slot = await spool.create();
  await slot.write(new Uint8Array(100));
  const other = await spool.create();
  await expect(other.write(new Uint8Array(1))).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
  await slot.dispose();
  await slot.dispose();
  await other.write(new Uint8Array(100));
  await expect(other.write(new Uint8Array(1))).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
});
