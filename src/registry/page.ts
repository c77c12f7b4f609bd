import { SealiftError } from "../error.ts";
import type { Call, RegistryClient } from "./client.ts";
import { followUrl } from "./endpoint.ts";
import type { Answer } from "./transport.ts";

/** Ends a list whose pages go in a circle or never stop. */
const MAX_PAGES = 1000;
/** The largest page of a list, in bytes. */
export const MAX_PAGE_SIZE = 8 * 1024 * 1024;

export type Page = Answer & { readonly bytes: Uint8Array };

/** A list's pages, following `Link: <…>; rel="next"` (RFC 8288) on the registry's own host. */
export async function* pagesOf(client: RegistryClient, first: Call): AsyncGenerator<Page, void, void> {
  let call = first;
  for (let count = 0; count < MAX_PAGES; count++) {
    const page = await client.read(call, MAX_PAGE_SIZE);
    yield page;
    const next = nextPage(page);
    if (!next) return;
    if (next.origin !== client.endpoint.base.origin) {
      throw new SealiftError("REGISTRY_ERROR", `Cannot ${first.what}: the next page is on another host`);
    }
    call = { ...first, url: next };
  }
  throw new SealiftError("LIMIT_EXCEEDED", `Cannot ${first.what}: the list has more than ${MAX_PAGES} pages`);
}

// The angle brackets are optional here: serverless-registry leaves them out.
function nextPage({ response, url }: Page): URL | undefined {
  const link = response.headers.get("link");
  const target = link && /^\s*<?([^<>;,\s]+)>?\s*;[^,]*\brel\s*=\s*"?next"?/i.exec(link)?.[1];
  return target ? followUrl(url, target) : undefined;
}
