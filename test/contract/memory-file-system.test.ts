import { fileSystemContract } from "./file-system.ts";
import { memoryFileSystem } from "./memory-file-system.ts";

fileSystemContract("memoryFileSystem", async () => ({ files: memoryFileSystem(), root: "work" }));
