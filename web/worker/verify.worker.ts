/** The page's worker: the core, unchanged, away from the thread that draws. */
import kernelsUrl from "sealift/kernels.wasm?url";
import { fetchKernels } from "../host/kernels.ts";
import type { Request } from "./protocol.ts";
import { serveSession } from "./serve-session.ts";

const answer = serveSession(
  () => fetchKernels(kernelsUrl),
  (message) => postMessage(message),
);
addEventListener("message", ({ data }: MessageEvent<Request>) => answer(data));
