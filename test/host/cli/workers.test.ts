/** Layers compressed by the built command's threads: the file they end in is the one that one thread makes. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { prose } from "../../contract/kernels-input.ts";
import { layerTar } from "../../images.ts";
import { memoryHost } from "../../memory-host.ts";
import { Workspace } from "./cli.ts";
import { archiveOf, fileDigest, layoutOf } from "./images.ts";

let work: Workspace;
beforeAll(() => {
  work = new Workspace();
});
afterAll(() => work.dispose());

it("the same bytes come out with any number of threads", async () => {
  const content = new TextDecoder().decode(prose(7_000_000));
  const tar = await layerTar([{ name: "words", content, mtime: 1_700_000_000 }], await memoryHost());
  writeFileSync(work.at("in.tar"), archiveOf(layoutOf([tar]).files));
  const digests = new Set<string>();
  for (const SEALIFT_WORKERS of ["0", "1", "2"]) {
    const out = `out${SEALIFT_WORKERS}.tar`;
    const args = ["process", "oci-archive://in.tar", `oci-archive://${out}`, "-f", "normalize-timestamps"];
    await work.sealift(args, { env: { SEALIFT_WORKERS } });
    digests.add(fileDigest(work.at(out)));
  }
  expect([...digests]).toHaveLength(1);
});
