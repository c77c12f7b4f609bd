import type { Host } from "../../src/host.ts";

/**
 * The machine's fetch, with streamed bodies that wait for the network. Node
 * copies a request (and tees its body, so that what was sent stays in memory)
 * to be able to follow redirects or ask a window for a password; told that it
 * will do neither, it streams. 800 MB pushed: 917 MiB resident before, 160
 * after. So a redirect of a streamed request fails here.
 */
export const nodeFetch: Host["fetch"] = (url, init) =>
  fetch(url, init?.body instanceof ReadableStream ? { ...init, redirect: "error", window: null } : init);
