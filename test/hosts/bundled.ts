import { fileURLToPath } from "node:url";
import { build, type Rollup } from "vite";

/** A module with all it imports as one script: a module of Node's, or a classic script for a page. */
export async function bundled(entry: URL, host: "process" | "page"): Promise<string> {
  const input = fileURLToPath(entry);
  const output = (await build({
    configFile: false,
    logLevel: "error",
    ...(host === "process" && { ssr: { noExternal: true } }),
    build: {
      write: false,
      minify: false,
      target: host === "process" ? "node20" : "es2022",
      ssr: host === "process",
      rolldownOptions: { input, output: { format: host === "process" ? "es" : "iife" } },
    },
  })) as Rollup.RolldownOutput;
  return output.output[0].code;
}
