/** What the core asks of the place it runs in. One record, given by the host. */
import type { FileSystem } from "./bytes/files.ts";
import type { Spool } from "./bytes/spool.ts";
import type { ByteStream } from "./bytes/stream.ts";
import type { Kernels } from "./kernel/kernels.ts";
import type { Pool } from "./kernel/pool.ts";
import type { Digest } from "./oci/digest.ts";

export interface Host {
  readonly kernels: Kernels;
  /** Other threads for the kernels' work; absent where there are none. */
  readonly pool?: Pool;
  readonly spool: Spool;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** Cryptographically strong random bytes. */
  readonly random: (length: number) => Uint8Array;
  readonly credentials: Credentials;
  readonly log: (event: LogEvent) => void;
  /** Absent where nothing is remembered. */
  readonly layerCache?: LayerCache;
  /** Ends the work in progress when it aborts. */
  readonly signal?: AbortSignal;
  /** Absent where there is no file system. */
  readonly files?: FileSystem;
}

/**
 * As much of the platform's own fetch as is used, which therefore is one. The
 * promise fails where there is no answer; a silence that lasted too long is a
 * `TimeoutError`. A host that knows more says it by the failure's `code`: Node's
 * own for sockets and certificates, NOT_HTTP for what is no answer, and
 * PROXY_REFUSED.
 */
export type Fetch = (url: string, init?: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream's size stands in content-length, where it is known. */
  readonly body?: Uint8Array<ArrayBuffer> | ByteStream;
  readonly duplex?: "half";
  /** `manual` gives the redirect itself; only a host that hides it (`opaqueredirect`) is asked to `follow`. */
  readonly redirect?: "manual" | "follow";
  readonly signal?: AbortSignal;
}

export interface FetchResponse {
  readonly type: string;
  readonly status: number;
  readonly ok: boolean;
  readonly headers: FetchHeaders;
  /** To be read or cancelled: until then it holds a connection. */
  readonly body: ByteStream | null;
}

export interface FetchHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** What earlier runs made of layers, so that what a registry has already is not made again. */
export interface LayerCache {
  get(key: LayerKey): Promise<MadeLayer | undefined>;
  /** Only for what was made of a tar that had the key's diff_id. */
  put(key: LayerKey, made: MadeLayer): Promise<void>;
}

export interface LayerKey {
  /** The diff_id of what was changed. */
  readonly input: Digest;
  /** All that its bytes depend on besides: filters with their options, compression, kernel version. */
  readonly work: string;
}

export interface MadeLayer {
  readonly diffId: Digest;
  /** Of the blob. */
  readonly digest: Digest;
  /** Bytes of the blob. */
  readonly size: number;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export interface Credential {
  readonly username: string;
  readonly password: string;
  /** What `password` is, if not one: exchanged for access tokens (OAuth 2), or sent as a bearer token as it is. */
  readonly kind?: "refresh-token" | "bearer-token";
  /** Where it came from, for messages: "flags", "environment", a file's path. */
  readonly origin: string;
}

export interface Credentials {
  /** Candidates for a registry host (`host[:port]`), best first; anonymous is not listed. */
  find(registry: string): Promise<readonly Credential[]>;
}

/** What happens, as data: the CLI draws it, the page draws it, `--json` prints it. */
export type LogEvent = NoteEvent | ProgressEvent;

export interface NoteEvent {
  readonly type: "info" | "warning" | "debug";
  /** For people; may have several lines. */
  readonly message: string;
  /** The same for programs: `event` names what happened, the rest is of its own. */
  readonly details?: { readonly event: string; readonly [field: string]: unknown };
}

export interface ProgressEvent {
  readonly type: "progress";
  /** One line of work, for example a layer's digest. */
  readonly id: string;
  readonly stage: string;
  /** Bytes done so far. */
  readonly done: number;
  /** Bytes in all, if known. */
  readonly total?: number;
  readonly finished?: boolean;
}
