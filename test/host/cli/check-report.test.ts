import { expect, it } from "vitest";
import { checkReportText } from "../../../cli/output/check-report.ts";
import { colorsFor } from "../../../cli/output/text.ts";
import type { Finding } from "../../../src/inspect/findings.ts";

const shown = (results: readonly Finding[]) =>
  checkReportText(
    { image: null, tag: null, mode: "full", errors: 0, warnings: 0, results },
    "oci-archive://x.tar",
    colorsFor({}, {}),
    80,
  );

it("says once what holds of several layers, and once what was found twice of the image", () => {
  const info = (check: "diff-id" | "index", message: string, layer?: number): Finding => ({
    severity: "info",
    check,
    message,
    ...(layer !== undefined && { layer }),
  });
  const text = shown([
    info("diff-id", "its content is a", 0),
    info("diff-id", "its content is b", 1),
    info("index", "the index lists 1 manifest"),
    info("index", "the index lists 1 manifest"),
  ]);
  expect(text.match(/^ {2}\[.*$/gm)).toEqual([
    "  [diff-id] holds of 2 layers",
    "  [index] the index lists 1 manifest",
  ]);
});
