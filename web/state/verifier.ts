import { type Signal, signal } from "@preact/signals";
import type { ArchiveKind } from "../../src/bundle/archive-file.ts";
import type { ContentsNode } from "../../src/bundle/contents.ts";
import { type Verdict, verdictExitCode } from "../../src/trust/verdict.ts";
import type { KeyStore } from "../host/key-store.ts";
import { saveBlob } from "../host/save.ts";
import { type Asked, WorkerClient, WorkerFailure } from "../host/worker-client.ts";
import type { Answer, Progress, TakenAll } from "../worker/protocol.ts";
import { type Input, keyInText, sniffInput } from "./file-input.ts";
import { TrustedKeys } from "./keys.ts";
import { Tree } from "./tree.ts";

/** What the page is about. */
export type Phase = "empty" | "working" | "judged" | "failed";

/** The file that is looked at. */
export interface Opened {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly kind?: ArchiveKind;
  readonly compressed?: boolean;
  /** Why there is no tree. */
  readonly unlisted?: string;
}

export interface Problem {
  readonly message: string;
  readonly hint: string;
}

/** Something being taken out, or what became of it. */
export type Taking =
  | { readonly state: "working"; readonly what: string; readonly progress?: Progress }
  | { readonly state: "done"; readonly what: string; readonly result?: TakenAll; readonly folder?: string }
  | { readonly state: "failed"; readonly what: string; readonly problem: Problem };

/** All state of the page, and all that can be done with it. */
export class Verifier {
  readonly phase = signal<Phase>("empty");
  readonly file = signal<Opened | undefined>(undefined);
  readonly progress = signal<Progress | undefined>(undefined);
  readonly verdict = signal<Verdict | undefined>(undefined);
  readonly problem = signal<Problem | undefined>(undefined);
  readonly keyProblem = signal<Problem | undefined>(undefined);
  readonly taking = signal<Taking | undefined>(undefined);
  readonly keys: TrustedKeys;
  readonly tree: Tree;
  readonly #worker: WorkerClient;
  #job = 0;
  #taken: Asked<unknown> | undefined;

  constructor(worker: Worker, store: KeyStore) {
    this.#worker = new WorkerClient(
      worker,
      (answer) => this.#hear(answer),
      (reason) => this.#fail({ message: `Cannot start the verifier: ${reason}`, hint: "Reload the page." }),
    );
    this.keys = new TrustedKeys(store, () => this.#worker.judge(this.keys.pems));
    this.tree = new Tree(
      async (key) => (await this.#worker.ask({ type: "list", key }, "listed").answer).nodes,
    );
    void this.keys.load();
  }

  /** Whether what is open may be taken apart: as on the command line, only what verified. */
  get mayTake(): boolean {
    return this.verdict.value !== undefined && verdictExitCode(this.verdict.value) === 0;
  }

  /** Keys become trusted; the first other file is opened. */
  async give(files: Iterable<File>): Promise<void> {
    const inputs: Input[] = [];
    let unread: File | undefined;
    for (const file of files) {
      try {
        inputs.push(await sniffInput(file));
      } catch {
        // What a folder gives when it is read as a file; the others are looked at all the same.
        unread = file;
      }
    }
    if (unread && inputs.length === 0) return this.#refuse(unread);
    for (const input of inputs) if (input.kind === "key") await this.addKey(input.pem, input.name);
    const [first] = inputs.filter((input) => input.kind === "file");
    if (first) this.open(first.file);
  }

  /** A folder, or a file that went away. */
  #refuse(file: File): void {
    this.close();
    this.file.value = { name: file.name, size: 0 };
    this.#fail({
      message: `Cannot read ${file.name}: it is a folder, or no longer there`,
      hint: "Drop a bundle or an image archive: one file.",
    });
  }

  /** Pasted text; true if it was a key. */
  async giveText(text: string): Promise<boolean> {
    const pem = keyInText(text);
    return pem !== undefined && this.addKey(pem, "");
  }

  open(file: File): void {
    this.#forget();
    this.file.value = { name: file.name, size: file.size };
    this.phase.value = "working";
    this.#job = this.#worker.open(file, this.keys.pems);
  }

  /** Back to the beginning. */
  close(): void {
    this.#worker.cancel(this.#job);
    this.#job = 0;
    this.#forget();
    this.phase.value = "empty";
  }

  /** Reads a key and trusts it from now on; false, with the reason shown, if it is none. */
  async addKey(pem: string, name: string): Promise<boolean> {
    try {
      const { hint } = await this.#worker.ask({ type: "read-key", pem }, "key").answer;
      this.keyProblem.value = undefined;
      await this.keys.add({ name: name.trim() || this.#freeName(), pem, hint });
      return true;
    } catch (error) {
      this.keyProblem.value = problemOf(error);
      return false;
    }
  }

  async take(node: ContentsNode): Promise<void> {
    await this.#take(node.saveAs ?? node.name, async (onProgress) => {
      const asked = this.#worker.ask({ type: "take", key: node.key }, "taken", onProgress);
      this.#taken = asked;
      const { blob, name } = await asked.answer;
      saveBlob(blob, name);
      return {};
    });
  }

  /** Everything, as a zip or into a folder. */
  async takeAll(folder?: FileSystemDirectoryHandle): Promise<void> {
    await this.#take("everything", async (onProgress) => {
      const question = { type: "take-all", ...(folder && { folder }) } as const;
      const asked = this.#worker.ask(question, "taken-all", onProgress);
      this.#taken = asked;
      const { result } = await asked.answer;
      if (result.zip) saveBlob(result.zip.blob, result.zip.name);
      return { result, ...(folder && { folder: folder.name }) };
    });
  }

  cancelTaking(): void {
    this.#taken?.cancel();
  }

  async #take(
    what: string,
    work: (onProgress: (progress: Progress) => void) => Promise<{ result?: TakenAll; folder?: string }>,
  ): Promise<void> {
    if (this.taking.value?.state === "working") return;
    this.taking.value = { state: "working", what };
    try {
      const done = await work((progress) => {
        this.taking.value = { state: "working", what, progress };
      });
      this.taking.value = { state: "done", what, ...done };
    } catch (error) {
      this.taking.value = { state: "failed", what, problem: problemOf(error) };
    }
  }

  #hear(answer: Answer): void {
    if (answer.type === "verdict" && answer.job === undefined) {
      // Keys changed: what was judged is judged anew.
      if (this.phase.value === "judged") this.verdict.value = answer.verdict;
      return;
    }
    if (answer.job !== this.#job) return;
    if (answer.type === "progress") this.progress.value = answer.progress;
    else if (answer.type === "opened") this.#opened(answer);
    else if (answer.type === "verdict") this.#judged(answer.verdict);
    else if (answer.type === "failed") this.#failed(answer.failure);
  }

  #opened(answer: Extract<Answer, { type: "opened" }>): void {
    const { kind, compressed, unlisted, nodes = [] } = answer;
    const { name = "", size = 0 } = this.file.value ?? {};
    this.file.value = { name, size, kind, compressed, ...(unlisted !== undefined && { unlisted }) };
    this.tree.show(nodes);
  }

  #judged(verdict: Verdict): void {
    this.verdict.value = verdict;
    this.progress.value = undefined;
    this.phase.value = "judged";
  }

  #failed({ code, message, hint }: { code: string; message: string; hint: string }): void {
    if (code === "ABORTED") this.close();
    else this.#fail({ message, hint });
  }

  #fail(problem: Problem): void {
    this.problem.value = problem;
    this.progress.value = undefined;
    this.phase.value = "failed";
  }

  #forget(): void {
    const signals: Signal<undefined | object>[] = [
      this.file,
      this.progress,
      this.keyProblem,
      this.verdict,
      this.problem,
      this.taking,
    ];
    for (const one of signals) one.value = undefined;
    this.tree.show([]);
  }

  #freeName(): string {
    const names = this.keys.all.value.map(({ name }) => name);
    for (let number = 1; ; number++) if (!names.includes(`Key ${number}`)) return `Key ${number}`;
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof WorkerFailure) return { message: error.message, hint: error.hint };
  return { message: error instanceof Error ? error.message : String(error), hint: "" };
}
