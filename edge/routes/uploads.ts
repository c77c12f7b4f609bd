import { type Context, Hono } from "hono";
import { type ByteStream, streamOf } from "../../src/bytes/stream.ts";
import { isSealiftError, SealiftError } from "../../src/error.ts";
import type { Mirror } from "../../src/mirror/mirror.ts";
import { parseRepository } from "../../src/mirror/name.ts";
import type { UploadBody } from "../../src/mirror/uploads.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { discardBody } from "../discard-body.ts";
import { methodNotAllowed } from "../error.ts";
import { blobPath, uploadPath } from "../path.ts";

const START = "/v2/:name/blobs/uploads";
const UPLOAD = "/v2/:name/blobs/uploads/:id";

/** Pushing blobs: start, single, mount (end-4, end-11), append (end-5), finish (end-6), status and cancel (end-13, end-14). */
export function uploadRoutes({ blobs, uploads }: Mirror): Hono {
  const routes = new Hono();

  routes.post(START, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const { digest, mount, from, "digest-algorithm": algorithm } = c.req.query();
    if (algorithm !== undefined && algorithm !== "sha256" && algorithm !== "sha512") {
      throw new SealiftError("DIGEST_INVALID", `Cannot start upload: the algorithm is not sha256 or sha512`);
    }
    if (digest !== undefined) {
      const expected = parseDigest(digest);
      await uploads.push(repository, expected, bodyOf(c));
      return stored(c, repository, expected);
    }
    if (mount !== undefined) {
      const wanted = parseDigest(mount);
      const origin = from === undefined ? undefined : parseRepository(from);
      if (await blobs.mount(repository, wanted, origin)) return stored(c, repository, wanted);
    }
    announce(c, repository, await uploads.start(repository), 0);
    return c.body(null, 202);
  });
  routes.all(START, methodNotAllowed("POST"));

  routes.get(UPLOAD, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const id = c.req.param("id");
    announce(c, repository, id, await uploads.offset(repository, id));
    return c.body(null, 204);
  });

  routes.patch(UPLOAD, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const id = c.req.param("id");
    announce(c, repository, id, await append(c, repository, id));
    return c.body(null, 202);
  });

  routes.put(UPLOAD, async (c) => {
    const repository = parseRepository(c.req.param("name"));
    const id = c.req.param("id");
    const digest = parseDigest(c.req.query("digest") ?? "");
    // The last chunk may come with this request.
    if (c.req.header("Content-Length") !== "0") await appendLast(c, repository, id);
    await uploads.finish(repository, id, digest);
    return stored(c, repository, digest);
  });

  routes.delete(UPLOAD, async (c) => {
    await uploads.cancel(parseRepository(c.req.param("name")), c.req.param("id"));
    return c.body(null, 204);
  });
  routes.all(UPLOAD, methodNotAllowed("GET", "HEAD", "PATCH", "PUT", "DELETE"));
  return routes;

  /** Appends the request's body; a refused range tells the client where to go on. */
  async function append(c: Context, repository: string, id: string): Promise<number> {
    try {
      return await uploads.append(repository, id, bodyOf(c), statedOffset(c));
    } catch (error) {
      if (isSealiftError(error, "RANGE_INVALID")) {
        announce(c, repository, id, await uploads.offset(repository, id));
      }
      throw error;
    }
  }

  /** What is no upload any more takes no bytes; whether this is its end once more, `finish` knows. */
  async function appendLast(c: Context, repository: string, id: string): Promise<void> {
    try {
      await append(c, repository, id);
    } catch (error) {
      if (!isSealiftError(error, "BLOB_UPLOAD_UNKNOWN")) throw error;
      await discardBody(c.req.raw);
    }
  }
}

/** Where the upload stands. `0-0` is also what the spec's clients read for "nothing yet". */
function announce(c: Context, repository: string, id: string, received: number): void {
  c.header("Location", uploadPath(repository, id));
  c.header("Range", `0-${Math.max(0, received - 1)}`);
  c.header("Docker-Upload-UUID", encodeURIComponent(id));
}

function stored(c: Context, repository: string, digest: ReturnType<typeof parseDigest>): Response {
  c.header("Location", blobPath(repository, digest));
  c.header("Docker-Content-Digest", digest);
  return c.body(null, 201);
}

/** The first byte of a chunk's Content-Range (`first-last`, without unit); undefined for a plain stream. */
function statedOffset(c: Context): number | undefined {
  const header = c.req.header("Content-Range");
  if (header === undefined) return undefined;
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(header);
  if (!match) {
    throw new SealiftError(
      "BLOB_UPLOAD_INVALID",
      "Cannot append: Content-Range is not of the form first-last",
    );
  }
  const [first, last] = [Number(match[1]), Number(match[2])];
  const length = c.req.header("Content-Length");
  if (length !== undefined && Number(length) !== last - first + 1) {
    throw new SealiftError("SIZE_MISMATCH", "Cannot append: Content-Range and Content-Length differ");
  }
  return first;
}

function bodyOf(c: Context): UploadBody {
  const length = c.req.header("Content-Length") ?? "";
  return {
    stream: (c.req.raw.body as ByteStream | null) ?? streamOf(new Uint8Array()),
    length: /^\d{1,15}$/.test(length) ? Number(length) : undefined,
  };
}
