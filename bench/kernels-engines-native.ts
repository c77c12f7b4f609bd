/** The native programs, which show where the ceiling is. */
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Engine, Input } from "./kernels-engines.ts";
import { isInstalled } from "./measured.ts";

/** What the native programs have used of the processor so far, in seconds. */
export let nativeSeconds = 0;

/** Programs on this machine, their start and the file's reading included; `folder` takes their input. */
export function nativeEngines(folder: string): readonly Engine[] {
  const files = new Map<Input, string>();
  const fileOf = (input: Input, suffix: string) => {
    let path = files.get(input);
    if (!path) {
      path = join(folder, `input${files.size}${suffix}`);
      files.set(input, path);
      writeFileSync(path, input.data);
    }
    return path;
  };
  const gzipLike = (program: string, ...options: string[]): Engine => ({
    name: `${program} (process)`,
    gunzipStream(input) {
      run([program, "-dc", fileOf(input, ".gz")], "/dev/null");
      return lengthIn(input);
    },
    gzip(input, level) {
      const output = join(folder, "output");
      run([program, `-${level}`, "-c", ...options, fileOf(input, "")], output);
      return new Uint8Array(statSync(output).size);
    },
  });
  const all: Record<string, Engine> = {
    "libdeflate-gzip": gzipLike("libdeflate-gzip"),
    pigz: gzipLike("pigz", "-p", "1"),
    sha256sum: {
      name: "sha256sum (process)",
      sha256(input) {
        const output = join(folder, "output");
        run(["sha256sum", fileOf(input, "")], output);
        return new Uint8Array(Buffer.from(readFileSync(output, "latin1").slice(0, 64), "hex"));
      },
    },
  };
  return Object.entries(all).flatMap(([program, engine]) => (isInstalled(program) ? [engine] : []));
}

/** A gzip file's last four bytes (RFC 1952 §2.3.1). */
function lengthIn({ data }: Input): number {
  return new DataView(data.buffer, data.byteOffset + data.length - 4).getUint32(0, true);
}

/** Runs a program; the shell knows to the millisecond what it used. */
function run(command: readonly string[], output: string): void {
  const file = openSync(output, "w");
  const script = 'TIMEFORMAT="%U %S"; time "$@"';
  const { status, stderr } = spawnSync("bash", ["-c", script, "bash", ...command], {
    stdio: ["ignore", file, "pipe"],
    encoding: "utf8",
  });
  closeSync(file);
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr}`);
  for (const seconds of stderr.trim().split(" ")) nativeSeconds += Number(seconds);
}
