import { keepHeapSmall } from "./host/heap.ts";
import { isOutputLost, outliveReaders } from "./output/output.ts";
import { run } from "./program.ts";

keepHeapSmall();
outliveReaders();
const code = await run(process.argv.slice(2));
process.exitCode = code === 0 && isOutputLost() ? 1 : code;
