// Makes dist/verify.html: the page, its style, its worker and the kernels in one file that may load nothing.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "vite";

/** The files of a build that writes none. */
async function filesOf(mode) {
  const result = await build({ mode, logLevel: "warn" });
  return (Array.isArray(result) ? result[0] : result).output;
}

const scriptIn = (files) => files.find(({ type }) => type === "chunk").code.trim();
const styleIn = (files) => String(files.find(({ fileName }) => fileName.endsWith(".css")).source).trim();

/** A script's text ends at the first `</script`, wherever that stands; in a JavaScript string `<\/script` is the same. */
const inScript = (code) => code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");

const hashOf = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

export async function buildVerifier() {
  const worker = inScript(scriptIn(await filesOf("verifier-worker")));
  const page = await filesOf("verifier");
  const script = inScript(scriptIn(page));
  const style = styleIn(page);
  // By their hashes, nothing but this script and this style can run or apply; nothing at all can be loaded.
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(script)} 'wasm-unsafe-eval'`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    "worker-src blob:",
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const html = readFileSync("web/index.html", "utf8")
    .replace(/\s*<script type="module".*<\/script>/, "")
    .replace('<meta charset="utf-8" />', (charset) => {
      return `${charset}\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`;
    })
    .replace("</head>", () => `  <style>${style}</style>\n  </head>`)
    .replace("</body>", () => {
      const source = `<script type="text/plain" id="worker">${worker}</script>`;
      return `  ${source}\n    <script>${script}</script>\n  </body>`;
    });
  writeFileSync("dist/verify.html", html);
}
