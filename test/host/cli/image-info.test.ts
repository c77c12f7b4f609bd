import { expect, it } from "vitest";
import { imageInfoText } from "../../../cli/output/image-info.ts";
import { colorsFor } from "../../../cli/output/text.ts";
import { imageInfo } from "../../../src/inspect/info.ts";
import { HOST, TestLayout } from "../../unit/inspect/raw.ts";
import { archive, rawMember } from "../../unit/tar/raw.ts";

const plain = colorsFor({}, {});

it("is the same facts at any width: diff_ids where there is room, N/A for what is not known", async () => {
  const layout = new TestLayout();
  const image = layout.image([archive(rawMember({ name: "hello" }, "hi"))], {
    config: { history: [{ created_by: `/bin/sh -c ${"make ".repeat(50)}` }] },
  });
  const info = await imageInfo(await layout.list(image).open(), {}, HOST);
  const [layer] = info.layers as [(typeof info.layers)[0]];
  const narrow = imageInfoText(info, "oci-archive://x.tar", plain, 80);
  expect(narrow).toContain(`manifest ${info.manifest_digest}`);
  expect(Math.max(...narrow.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(narrow).not.toContain(layer.diff_id?.slice(0, 19));
  expect(imageInfoText(info, "oci-archive://x.tar", plain, 140)).toContain(layer.diff_id?.slice(0, 19));
  const { index, created_by = "" } = layer;
  const unknown = imageInfoText({ ...info, layers: [{ index, created_by }] }, "x", plain, 80);
  expect(unknown).toMatch(/^ {2}0 {2}N\/A +N\/A {2}/m);
});
