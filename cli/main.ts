import metadata from "../package.json" with { type: "json" };
import { keepCompiled } from "./host/compile-cache.ts";

/** Nothing else is loaded for it: scripts ask often, and first of all. */
const VERSION_FLAGS = ["--version", "-V"];

const args = process.argv.slice(2);
if (args.length === 1 && VERSION_FLAGS.includes(args[0] as string)) {
  console.log(metadata.version);
} else {
  keepCompiled(process.env);
  const { main } = await import("./command-line.ts");
  await main(args);
}
