import { assembleBundle } from "../../../src/bundle/assemble.ts";
import { filesArtifact } from "../../../src/bundle/files-artifact.ts";
import { memoryHost } from "../../memory-host.ts";
import { bytesOf } from "../../unit/bundle/fixture.ts";

/** A bundle whose every digest holds, and whose lock sends files where no one may write. */
export async function hostileBundle(): Promise<Uint8Array> {
  const host = await memoryHost({
    "in/a": "evil",
    "in/b": "also evil",
    "in/c": "evil on Windows",
    "in/d": "fine",
  });
  const definition = { name: "docs", origin: "local://in", target: "docs/" };
  const built = await filesArtifact(definition, await host.files.tree("in"), host);
  const { artifact } = built;
  if (artifact.type !== "files") throw new Error("the files travel as one");
  const paths = ["../evil.sh", "/etc/passwd", "C:autoexec.bat", "docs/fine.md"];
  const files = artifact.files.map((file, index) => ({ ...file, path: paths[index] as string }));
  const bundle = await assembleBundle(
    { name: "hostile", variables: {}, artifacts: [{ ...built, artifact: { ...artifact, files } }] },
    host,
  );
  return bytesOf(bundle, host);
}
