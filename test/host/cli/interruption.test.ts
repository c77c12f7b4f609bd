import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../../../src/error.ts";

const hostModule = (name: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../../cli/host/${name}`, import.meta.url)));
const module = hostModule("interruption.ts");
const leftovers = hostModule("leftovers.ts");

/** Runs a script that calls `ready()`; gives what it printed, and how it ended after `signals` signals. */
async function interrupted(script: string, signals: readonly NodeJS.Signals[]) {
  const source = `
    import { listenForInterruption } from ${module};
    const ready = () => process.stdout.write("ready\\n");
    ${script}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source]);
  let printed = "";
  for await (const chunk of child.stdout) {
    printed += chunk;
    if (signals.length > 0 && /(ready|aborted)\n$/.test(printed)) {
      child.kill(signals[0]);
      signals = signals.slice(1);
    }
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { printed, code: child.exitCode ?? child.signalCode };
}

describe("an interruption", () => {
  it.each(["SIGINT", "SIGTERM"] as const)(
    "by %s aborts the signal with ABORTED and lets the work end",
    async (signal) => {
      const result = await interrupted(
        `const { signal, dispose } = listenForInterruption();
       const timer = setInterval(() => {}, 1000);
       signal.addEventListener("abort", () => {
         process.stdout.write(signal.reason.code + "\\n");
         process.exitCode = signal.reason.exitCode;
         clearInterval(timer);
         dispose();
       });
       ready();`,
        [signal],
      );
      expect(result).toEqual({ printed: "ready\nABORTED\n", code: ERRORS.ABORTED.exit });
    },
  );

  const deaf = (grace: string) =>
    `const { signal } = listenForInterruption(${grace});
     setInterval(() => {}, 1000);
     signal.addEventListener("abort", () => process.stdout.write("aborted\\n"));
     ready();`;

  it("repeated ends work that does not stop", async () => {
    const result = await interrupted(deaf("60_000"), ["SIGINT", "SIGINT"]);
    expect(result).toEqual({ printed: "ready\naborted\n", code: 130 });
  });

  it.skipIf(process.platform === "win32")(
    "repeated ends work that waits for a file that never answers, and temporary files go",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "sealift-interruption-"));
      expect(spawnSync("mkfifo", [join(folder, "pipe")]).status).toBe(0);
      const result = await interrupted(
        `import { open } from "node:fs";
         import { removeAtExit } from ${leftovers};
         open(${JSON.stringify(join(folder, "pipe"))}, "r", () => {});
         removeAtExit(${JSON.stringify(folder)});
         ${deaf("60_000")}`,
        ["SIGTERM", "SIGTERM"],
      );
      // As shells tell it: 130.
      expect(result).toEqual({ printed: "ready\naborted\n", code: "SIGINT" });
      expect(existsSync(folder)).toBe(false);
    },
  );

  it("ends work that does not stop in time", async () => {
    const result = await interrupted(deaf("100"), ["SIGINT"]);
    expect(result).toEqual({ printed: "ready\naborted\n", code: 130 });
  });
});
