/** Keeps the page for when there is no network: one complete set of its files, replaced as a whole. */

/** Filled in by the build: this build's name, and every file of the page. */
declare const PRECACHE: { readonly version: string; readonly files: readonly string[] };

interface ServiceWorkerScope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: LifecycleEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: RequestEvent) => void): void;
}
interface LifecycleEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface RequestEvent extends LifecycleEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as ServiceWorkerScope;
const NAME = `sealift-page-${PRECACHE.version}`;
const PREFIX = "sealift-page-";

scope.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(NAME);
      // Past the browser's own cache, where an older build may still be.
      await cache.addAll(PRECACHE.files.map((file) => new Request(file, { cache: "reload" })));
      await scope.skipWaiting();
    })(),
  );
});

scope.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
      }
      await scope.clients.claim();
    })(),
  );
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  // The registry's own paths are never answered from here.
  if (request.method !== "GET" || origin !== location.origin || !PRECACHE.files.includes(pathname)) return;
  event.respondWith(kept(request, pathname));
});

async function kept(request: Request, pathname: string): Promise<Response> {
  const cache = await caches.open(NAME);
  return (await cache.match(pathname)) ?? fetch(request);
}
