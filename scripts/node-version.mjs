// Runs on Nodes far older than the one we need, to say so in a sentence: keep its syntax plain.

/** Ends the process if this Node is older than 20.19. */
export function requireNode() {
  const parts = process.versions.node.split(".").map(Number);
  if (parts[0] > 20 || (parts[0] === 20 && parts[1] >= 19)) return;
  console.error(
    "Sealift needs Node 20.19 or newer; this is " +
      process.version +
      ".\n" +
      "Install a newer one from https://nodejs.org or with your version manager, then run the command again.",
  );
  process.exit(1);
}
