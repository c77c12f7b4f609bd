import type { Page } from "../src/mirror/tags.ts";

const STYLE = `
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
code, pre { font: 0.9rem/1.5 ui-monospace, monospace; }
pre { padding: 0.75rem 1rem; overflow-x: auto; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 0.4rem; }
li { overflow-wrap: anywhere; }
`;

/** The page at `/`: what this is, what it holds, how to use it. No script, nothing loaded. */
export function homePage(repositories: Page, host: string): string {
  const registry = escapeHtml(host);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sealift mirror</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Sealift mirror</h1>
<p>This is a container registry. It speaks the OCI distribution protocol under <code>/v2/</code>,
so docker, podman, skopeo, containerd and sealift can push to it and pull from it.</p>
<pre>sealift process oci-archive://app.tar registry://${registry}/app:1.0
sealift bundle push hello.bundle ${registry}/hello:1.0
skopeo copy docker://${registry}/app:1.0 oci:app</pre>
<h2>Repositories</h2>
${repositoryList(repositories)}
</main>
</body>
</html>
`;
}

function repositoryList({ names, more }: Page): string {
  if (names.length === 0) return "<p>Nothing has been pushed yet.</p>";
  const items = names.map((name) => `<li><code>${escapeHtml(name)}</code></li>`).join("\n");
  return `<ul>\n${items}\n</ul>${more ? "\n<p>There are more; <code>/v2/_catalog</code> lists them all.</p>" : ""}`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
