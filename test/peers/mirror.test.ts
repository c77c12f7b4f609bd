import { fsStore } from "../../cli/host/fs-store.ts";
import { serve } from "../../cli/host/serve.ts";
import { createApp } from "../../edge/app.ts";
import { fallbackKernels } from "../../src/kernel/fallback.ts";
import { registryPeers } from "./registry-peers.ts";

registryPeers("the mirror on Node", async (folder) => {
  const kernels = await fallbackKernels();
  const app = createApp({ kernels, store: await fsStore(folder, kernels) });
  return serve(app, { host: "127.0.0.1", port: 0 });
});
