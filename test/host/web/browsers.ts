/** The browsers of the tests: found on this machine, or installed by its own means, or said to be missing. */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const FLAGS = [
  // Containers and root: the sandbox needs rights that neither has.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a Chromium; installs one first where there is none and that can be done. `flags` are added to its own. */
export async function launchChromium(...flags: string[]) {
  return chromium.launch({
    executablePath: findChromium() ?? installChromium(),
    headless: true,
    args: [...FLAGS, ...flags],
  });
}

/** Where Firefox is; undefined where there is none. With SEALIFT_FIREFOX=required that is an error. */
export function findFirefox(): string | undefined {
  const path = process.env.FIREFOX_PATH ?? onPath("firefox-esr", "firefox");
  if (!path && process.env.SEALIFT_FIREFOX === "required")
    throw new Error("Firefox is required, and not installed");
  return path;
}

function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  if (named) return named;
  const downloaded = chromium.executablePath();
  return (
    onPath("chromium", "chromium-browser", "google-chrome") ??
    (existsSync(downloaded) ? downloaded : undefined)
  );
}

function installChromium(): string {
  const failures: string[] = [];
  for (const [command, ...args] of installers()) {
    const { status, stderr } = spawnSync(command, args, {
      encoding: "utf8",
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    if (status !== 0)
      failures.push(`${command} ${args.join(" ")}: ${String(stderr).trim().split("\n").at(-1)}`);
    const found = findChromium();
    if (found) return found;
  }
  throw new Error(
    `These tests need a Chromium, and none could be installed.\n${failures.join("\n")}\n` +
      "Install Chromium or Google Chrome, or name one: CHROMIUM_PATH=/path/to/chromium npm test",
  );
}

/** Debian's own where this is root on Debian or Ubuntu; then playwright's download. */
function installers(): [string, ...string[]][] {
  const playwright = fileURLToPath(new URL("../../../node_modules/playwright-core/cli.js", import.meta.url));
  const apt = ["-o", "DPkg::Lock::Timeout=300", "-qq"];
  const debian: [string, ...string[]][] =
    process.getuid?.() === 0 && onPath("apt-get")
      ? [
          ["apt-get", ...apt, "update"],
          ["apt-get", ...apt, "install", "-y", "--no-install-recommends", "chromium"],
        ]
      : [];
  return [...debian, [process.execPath, playwright, "install", "chromium"]];
}

function onPath(...names: string[]): string | undefined {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, name);
      if (isExecutable(path)) return path;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
