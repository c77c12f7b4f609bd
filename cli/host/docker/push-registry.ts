/** The registry that a daemon pushes one image to: the mirror over a folder, on loopback, for as long as that takes. */
import { createApp } from "../../../edge/app.ts";
import { tapped } from "../../../src/bytes/progress.ts";
import type { Host } from "../../../src/host.ts";
import type { Digest } from "../../../src/oci/digest.ts";
import type { Store } from "../../../src/store/store.ts";
import { type Served, serve } from "../serve.ts";
import { selfSignedCertificate } from "./certificate.ts";

/** Not `localhost`, which may be ::1 to one and 127.0.0.1 to the other. */
const ADDRESS = "127.0.0.1";

export interface PushRegistryOptions {
  /** Bytes of a layer's compressed form that the daemon is told is there, and need not send; undefined for others. */
  readonly knownSize: (digest: Digest) => Promise<number | undefined>;
  /** Hears that the daemon is still at work. */
  readonly onActivity: () => void;
}

/** HTTPS, as daemons try that first; they believe any certificate of 127.0.0.0/8. Throws IO. */
export function servePushRegistry(
  store: Store,
  { knownSize, onActivity }: PushRegistryOptions,
  host: Pick<Host, "kernels" | "log">,
): Promise<Served> {
  const { kernels, log } = host;
  const app = createApp({ store: observedStore(knowing(store, knownSize), onActivity), kernels, log });
  return serve(app, { host: ADDRESS, port: 0, tls: selfSignedCertificate(ADDRESS) });
}

/** The store, which says of known blobs that it has them; their bytes it has not. */
function knowing(store: Store, knownSize: PushRegistryOptions["knownSize"]): Store {
  const size = async (repository: string, digest: Digest) =>
    (await store.blobs.size(repository, digest)) ?? knownSize(digest);
  return { ...store, blobs: { ...store.blobs, size } };
}

function observedStore(store: Store, onActivity: () => void): Store {
  const { uploads } = store;
  return {
    ...store,
    uploads: {
      ...uploads,
      append: (repository, id, offset, body, length) =>
        uploads.append(repository, id, offset, tapped(body, onActivity), length),
    },
  };
}
