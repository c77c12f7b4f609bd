/** The page's worker: the core, unchanged, away from the thread that draws. */
import kernelsUrl from "sealift/kernels.wasm?url";
import scalarUrl from "sealift/kernels-scalar.wasm?url";
import zstdDecoderUrl from "sealift/zstd-decoder.wasm?url";
import { browserKernels, fetchModule } from "../host/kernels.ts";
import type { Request } from "./protocol.ts";
import { serveSession } from "./serve-session.ts";

const answer = serveSession(
  () =>
    browserKernels({
      kernels: [kernelsUrl, scalarUrl].map((url) => () => fetchModule(url)),
      zstdDecoder: () => fetchModule(zstdDecoderUrl),
    }),
  (message) => postMessage(message),
);
addEventListener("message", ({ data }: MessageEvent<Request>) => answer(data));
