/** All that passes between the page and its worker. `job` ties answers to what was asked. */
import type { ArchiveKind } from "../../src/bundle/archive-file.ts";
import type { ContentsNode } from "../../src/bundle/contents.ts";
import type { ErrorCode } from "../../src/error.ts";
import type { Verdict } from "../../src/trust/verdict.ts";

export type Request =
  /** Reads, lists and verifies a file; what was open before is closed. */
  | { readonly type: "open"; readonly job: number; readonly file: File; readonly keys: readonly string[] }
  /** The verdict on what is open, for other trusted keys (PEM). */
  | { readonly type: "judge"; readonly keys: readonly string[] }
  | { readonly type: "list"; readonly job: number; readonly key: string }
  | { readonly type: "take"; readonly job: number; readonly key: string }
  /** Takes everything out of a bundle: into a folder, or without one into a zip. */
  | { readonly type: "take-all"; readonly job: number; readonly folder?: FileSystemDirectoryHandle }
  | { readonly type: "read-key"; readonly job: number; readonly pem: string }
  | { readonly type: "cancel"; readonly job: number };

export type Answer =
  | { readonly type: "progress"; readonly job: number; readonly progress: Progress }
  /** What the file is; `nodes` are missing where it is too damaged to be listed. */
  | {
      readonly type: "opened";
      readonly job: number;
      readonly kind: ArchiveKind;
      readonly compressed: boolean;
      readonly nodes?: readonly ContentsNode[];
      readonly unlisted?: string;
    }
  | { readonly type: "verdict"; readonly verdict: Verdict; readonly job?: number }
  | { readonly type: "listed"; readonly job: number; readonly nodes: readonly ContentsNode[] }
  | { readonly type: "taken"; readonly job: number; readonly name: string; readonly blob: Blob }
  | { readonly type: "taken-all"; readonly job: number; readonly result: TakenAll }
  | { readonly type: "key"; readonly job: number; readonly hint: string }
  | { readonly type: "failed"; readonly job: number; readonly failure: Failure };

export interface Progress {
  readonly stage: string;
  /** Bytes. */
  readonly done: number;
  readonly total: number;
}

export interface TakenAll {
  readonly paths: readonly string[];
  /** Left out, and why. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
  /** The zip, where there is no folder. */
  readonly zip?: { readonly name: string; readonly blob: Blob };
}

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}
