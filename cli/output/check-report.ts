import { counted } from "../../src/error.ts";
import type { CheckReport } from "../../src/inspect/check.ts";
import type { Finding, Severity } from "../../src/inspect/findings.ts";
import { type Colors, oneLine, shortenDigests, wrapped } from "./text.ts";

/** What `check` shows, the worst first; `source` is the title where the image has no name. */
export function checkReportText(report: CheckReport, source: string, colors: Colors, width: number): string {
  const title = report.image === null ? source : [report.image, report.tag].filter(Boolean).join(":");
  const mode = report.mode === "fast" ? "fast (metadata only)" : "full";
  const errors = counted(report.errors, "error");
  const warnings = counted(report.warnings, "warning");
  return [
    `${colors.bold(oneLine(title))}\n`,
    section("Errors", "error", colors.red, report, width),
    section("Warnings", "warning", colors.yellow, report, width),
    section("Info", "info", colors.dim, report, width),
    `\nCheck complete (${mode}): `,
    `${report.errors > 0 ? colors.red(errors) : errors}, `,
    `${report.warnings > 0 ? colors.yellow(warnings) : warnings}.\n`,
  ].join("");
}

function section(
  title: string,
  severity: Severity,
  color: (text: string) => string,
  { results }: CheckReport,
  width: number,
): string {
  const found = results.filter((finding) => finding.severity === severity);
  if (found.length === 0) return "";
  const shown = severity === "info" ? gathered(found) : found;
  return `\n${color(title)}\n${shown.map((finding) => line(finding, width)).join("")}`;
}

/** What holds of several layers, said once: an image of thirty would fill the screen with what is right. */
function gathered(found: readonly Finding[]): readonly Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of found) {
    const { check, layer, platform, message } = finding;
    const key = [check, platform, layer === undefined ? message : "layers"].join("\n");
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].map(([first, ...others]) => {
    const { layer, ...finding } = first as Finding;
    if (others.length === 0 || layer === undefined) return first as Finding;
    return { ...finding, message: `holds of ${others.length + 1} layers` };
  });
}

function line({ check, message, layer, platform }: Finding, width: number): string {
  const where = [platform, layer === undefined ? undefined : `layer ${layer}`].filter(Boolean).join(", ");
  const text = `  [${check}] ${where ? `${where}: ` : ""}${shortenDigests(oneLine(message))}`;
  return `${wrapped(text, width, 6)}\n`;
}
