import { keepHeapSmall } from "./host/heap.ts";
import { endOnBrokenPipe } from "./output/output.ts";
import { run } from "./program.ts";

keepHeapSmall();
endOnBrokenPipe();
process.exitCode = await run(process.argv.slice(2));
