import type { CheckReport } from "../../src/inspect/check.ts";
import type { Finding, Severity } from "../../src/inspect/findings.ts";
import { type Colors, oneLine, shortenDigests, wrapped } from "./text.ts";

/** What `check` shows, the worst first; `source` is the title where the image has no name. */
export function checkReportText(report: CheckReport, source: string, colors: Colors, width: number): string {
  const title = report.image === null ? source : [report.image, report.tag].filter(Boolean).join(":");
  const mode = report.mode === "fast" ? "fast (metadata only)" : "full";
  const errors = countOf(report.errors, "error");
  const warnings = countOf(report.warnings, "warning");
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
  const shown = results.filter((finding) => finding.severity === severity);
  if (shown.length === 0) return "";
  return `\n${color(title)}\n${shown.map((finding) => line(finding, width)).join("")}`;
}

function line({ check, message, layer, platform }: Finding, width: number): string {
  const where = [platform, layer === undefined ? undefined : `layer ${layer}`].filter(Boolean).join(", ");
  const text = `  [${check}] ${where ? `${where}: ` : ""}${shortenDigests(oneLine(message))}`;
  return `${wrapped(text, width, 6)}\n`;
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
