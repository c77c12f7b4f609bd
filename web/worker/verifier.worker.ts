/** verify.html's worker: as the page's, with the kernels inside, as a page from a file may fetch nothing. */
import kernelsData from "sealift/kernels.wasm?url&inline";
import scalarData from "sealift/kernels-scalar.wasm?url&inline";
import zstdDecoderData from "sealift/zstd-decoder.wasm?url&inline";
import { browserKernels } from "../host/kernels.ts";
import type { Request } from "./protocol.ts";
import { serveSession } from "./serve-session.ts";

/** The bytes of a `data:…;base64,` URL. */
function bytesOf(url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (character) => character.charCodeAt(0));
}

const answer = serveSession(
  () =>
    browserKernels({
      kernels: [kernelsData, scalarData].map((data) => async () => bytesOf(data)),
      zstdDecoder: async () => bytesOf(zstdDecoderData),
    }),
  (message) => postMessage(message),
);
addEventListener("message", ({ data }: MessageEvent<Request>) => answer(data));
