import type { Command } from "commander";
import { createApp } from "../../edge/app.ts";
import { SealiftError } from "../../src/error.ts";
import { fsStore } from "../host/fs-store.ts";
import { pageFiles } from "../host/page.ts";
import { serve } from "../host/serve.ts";
import { collected, type GlobalOptions } from "./options.ts";
import { runCommand } from "./run.ts";

interface ServeOptions extends GlobalOptions {
  readonly listen: string;
  readonly store: string;
  readonly corsOrigin?: readonly string[];
}

/** `serve`: the mirror over a folder, until it is interrupted. */
export function addServe(program: Command, exit: (code: number) => void): void {
  program
    .command("serve")
    .summary("serve a registry from a folder")
    .description(
      "Serve an OCI registry over HTTP from a folder. docker, podman, containerd, skopeo and sealift push to it and pull from it. It asks for no password: do not listen on an address that strangers reach.",
    )
    .option("--listen <host:port>", "address to listen on", "127.0.0.1:5050")
    .option("--store <folder>", "where images are kept", ".sealift/store")
    .option(
      "--cors-origin <origin>",
      "whose pages may use this registry, for example https://app.example, or * for all to read it; may be given several times",
      collected,
    )
    .addHelpText(
      "after",
      `
Examples:
  $ sealift serve
  $ sealift serve --listen 127.0.0.1:5055 --store /srv/images
`,
    )
    .action(async (options: ServeOptions) => {
      exit(
        await runCommand(options, async ({ host, output, signal }) => {
          const address = parseListen(options.listen);
          const onReadOnly = ({ message }: Error) =>
            output.log({ type: "warning", message: `Nothing can be pushed: ${message}` });
          const store = await fsStore(options.store, host.kernels, { onReadOnly });
          const { corsOrigin: origins } = options;
          const cors = origins?.includes("*") ? "*" : origins;
          const page = await pageFiles();
          const app = createApp({
            store,
            kernels: host.kernels,
            log: output.log,
            ...(cors && { cors }),
            ...(page && { page }),
          });
          const served = await serve(app, address);
          await output.result(
            { url: served.url, store: options.store },
            (colors) => `Serving ${options.store} at ${colors.bold(served.url)} (Ctrl-C stops it)\n`,
          );
          await aborted(signal);
          await served.close();
        }),
      );
    });
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65535) {
    throw new SealiftError("USAGE", `Cannot listen on "${text}": it is not host:port`);
  }
  return { host: match[1] ?? (match[2] || "127.0.0.1"), port };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
