import metadata from "../package.json" with { type: "json" };
import { chunksIn } from "./host/chunks.ts";
import { codeCache } from "./host/code-cache.ts";
import { keepHeapSmall } from "./host/heap.ts";

/** The name of the command's first chunk, given by the build. */
declare const COMMAND: string;

/** Nothing else is loaded for it: scripts ask often, and first of all. */
const VERSION_FLAGS = ["--version", "-V"];

const args = process.argv.slice(2);
if (args.length === 1 && VERSION_FLAGS.includes(args[0] as string)) {
  console.log(metadata.version);
} else {
  keepHeapSmall();
  const folder = process.getBuiltinModule("node:url").fileURLToPath(new URL("./cli/", import.meta.url));
  const chunks = chunksIn(folder, codeCache(process.env, COMMAND, verbOf(args)));
  const { main } = chunks.load(COMMAND) as typeof import("./command-line.ts");
  await main(args);
  // A run that failed has called little of what others call.
  if (process.exitCode === 0) chunks.keepCode();
}

/** Help loads what a verb does, and calls next to nothing of it. */
function verbOf([verb = "", ...rest]: readonly string[]): string {
  return rest.includes("--help") || rest.includes("-h") ? "help" : verb;
}
