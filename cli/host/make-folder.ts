/** Makes a folder that is the user's alone, with those above it. Node's own way to do that never ends below /proc. */
export function makeFolder(folder: string): void {
  const { existsSync, mkdirSync } = process.getBuiltinModule("node:fs");
  if (existsSync(folder)) return;
  makeFolder(process.getBuiltinModule("node:path").dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was sooner.
    if (!existsSync(folder)) throw error;
  }
}
