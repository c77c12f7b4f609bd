/** A registry of somebody else's, for all contenders alike. */
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, isInstalled, type Mirror, startMirror } from "./measured.ts";

/** Debian's docker-registry over a folder; our own mirror where there is none. */
export async function startRegistry(folder: string): Promise<Pick<Mirror, "address" | "stop">> {
  if (!isInstalled("docker-registry")) return startMirror(folder);
  await mkdir(folder, { recursive: true });
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, "config.yml");
  await writeFile(
    config,
    JSON.stringify({
      version: "0.1",
      log: { level: "error", accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: folder } },
      http: { addr: address },
    }),
  );
  const child = spawn("docker-registry", ["serve", config], { stdio: ["ignore", "ignore", "ignore"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  while (!(await fetch(`http://${address}/v2/`).catch(() => undefined))?.ok) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    await sleep(50);
  }
  return {
    address,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
