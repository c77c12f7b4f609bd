/** Quay's REST API and a registry on one port, as far as clients of the two see them. */
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeQuay {
  /** `host:port`. */
  readonly host: string;
  /** What was asked of the API, with the Authorization. */
  readonly asked: readonly { readonly path: string; readonly authorization: string | undefined }[];
  stop(): Promise<void>;
}

export interface QuayRepository {
  readonly name: string;
  /** Digests by tag. */
  readonly tags: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The API lists two repositories a page; everything below `/v2/` is `registry`'s. */
export async function fakeQuay(
  organisation: string,
  repositories: readonly QuayRepository[],
  registry: string,
): Promise<FakeQuay> {
  const asked: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? "/", "http://quay");
    if (url.pathname.startsWith("/v2/")) {
      const [hostname, port] = registry.split(":");
      const { method, headers, url: path } = incoming;
      const onward = request(
        { hostname, port, path, method, headers: { ...headers, host: registry } },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        },
      );
      incoming.pipe(onward);
      return;
    }
    asked.push({ path: url.pathname + url.search, authorization: incoming.headers.authorization });
    const body = answerOf(url, organisation, repositories);
    outgoing.writeHead(body ? 200 : 404, { "content-type": "application/json" });
    outgoing.end(JSON.stringify(body ?? { error: "Not Found" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: () => closed(server),
  };
}

const PAGE = 2;

function answerOf(url: URL, organisation: string, repositories: readonly QuayRepository[]) {
  const parts = url.pathname.split("/").slice(4);
  if (parts.length === 0) {
    if (url.searchParams.get("namespace") !== organisation) return undefined;
    const from = Number(url.searchParams.get("next_page") ?? 0);
    const page = repositories.slice(from, from + PAGE).map(({ name }) => ({ name, namespace: organisation }));
    const more = from + PAGE < repositories.length;
    return { repositories: page, ...(more && { next_page: String(from + PAGE) }) };
  }
  const found = repositories.find(({ name }) => name === parts[1]);
  if (!found) return undefined;
  if (parts[2] === "tag") {
    const name = url.searchParams.get("specificTag") ?? "";
    const digest = found.tags[name];
    return { tags: digest ? [{ name, manifest_digest: digest }] : [] };
  }
  const labels = Object.entries(found.labels ?? {}).map(([key, value]) => ({ key, value }));
  return { labels: labels.filter(({ key }) => key.startsWith(url.searchParams.get("filter") ?? "")) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
