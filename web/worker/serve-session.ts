import { verdictOnRefused } from "../../src/bundle/verify-file.ts";
import { isSealiftError, reasonOf, SealiftError } from "../../src/error.ts";
import type { Kernels } from "../../src/kernel/kernels.ts";
import { type PublicKey, parsePublicKey } from "../../src/trust/public-key.ts";
import { type BrowserHost, browserHost } from "../host/browser-host.ts";
import type { Watch } from "../host/watched-slices.ts";
import type { Answer, Failure, Progress, Request } from "./protocol.ts";
import { readKeys, Session } from "./session.ts";

/** Milliseconds between two reports of one job: more cannot be seen. */
const REPORT_INTERVAL = 80;

type Open = Extract<Request, { type: "open" }>;
type Work = Extract<Request, { type: "list" | "take" | "take-all" }>;

/** Answers the page's requests, one file at a time; kernels load while the page is being looked at. */
export function serveSession(loadKernels: () => Promise<Kernels>, post: (answer: Answer) => void) {
  const host = loadKernels().then(browserHost);
  // Whoever asks first hears of a failure; before that it is nobody's.
  host.catch(() => {});
  const server = new SessionServer(host, post);
  return (request: Request): void => void server.answer(request);
}

class SessionServer {
  readonly #host: Promise<BrowserHost>;
  readonly #post: (answer: Answer) => void;
  #keys: readonly PublicKey[] = [];
  #session: Session | undefined;
  /** Work that reads waits for its turn: two readers of one disk are slower than one after the other. */
  #turn: Promise<void> = Promise.resolve();
  /** Not yet done, in order; the first is at work. */
  readonly #jobs: Job[] = [];

  constructor(host: Promise<BrowserHost>, post: (answer: Answer) => void) {
    this.#host = host;
    this.#post = post;
  }

  async answer(request: Request): Promise<void> {
    try {
      if (request.type === "cancel") this.#jobs.find(({ id }) => id === request.job)?.abort();
      else if (request.type === "judge") this.#judge(request.keys);
      else if (request.type === "read-key") this.#readKey(request.job, request.pem);
      else await this.#inTurn(request);
    } catch (error) {
      if ("job" in request) this.#post({ type: "failed", job: request.job, failure: failureOf(error) });
    }
  }

  #inTurn(request: Open | Work): Promise<void> {
    // Whatever is under way is about a file that nobody looks at any more.
    if (request.type === "open") {
      this.#keys = readKeys(request.keys);
      for (const job of this.#jobs) job.abort();
    }
    const job = new Job(request.job, this.#post);
    this.#jobs.push(job);
    const done = this.#turn.then(async () => {
      try {
        job.requireRunning();
        await (request.type === "open" ? this.#open(request, job) : this.#work(request, job));
      } finally {
        this.#jobs.shift();
      }
    });
    this.#turn = done.catch(() => {});
    return done;
  }

  async #open({ job: id, file }: Open, job: Job): Promise<void> {
    const before = this.#session;
    this.#session = undefined;
    await before?.close();
    const host = await this.#host;
    job.begin("Opening", file.size);
    let session: Session;
    try {
      session = await Session.open(file, host, this.#watch());
    } catch (error) {
      return this.#post({ type: "verdict", job: id, verdict: verdictOnRefused(error) });
    }
    this.#session = session;
    await this.#announce(id, session);
    job.begin("Verifying", session.size);
    await session.examine();
    job.requireRunning();
    const verdict = session.judge(this.#keys);
    if (verdict) this.#post({ type: "verdict", job: id, verdict });
  }

  /** Every read belongs to the job at work. */
  #watch(): Watch {
    const jobs = this.#jobs;
    const idle = new AbortController().signal;
    return {
      get signal() {
        return jobs[0]?.signal ?? idle;
      },
      onRead: (bytes) => jobs[0]?.onRead(bytes),
      onFailure: (error) => jobs[0]?.fail(error),
    };
  }

  /** A file too damaged to be listed can still be judged. */
  async #announce(job: number, session: Session): Promise<void> {
    const { kind, compressed } = session.archive;
    const about = { type: "opened", job, kind, compressed } as const;
    try {
      const { nodes } = await session.contents();
      this.#post({ ...about, nodes });
    } catch (error) {
      if (isSealiftError(error, "ABORTED")) throw error;
      this.#post({ ...about, unlisted: reasonOf(error) });
    }
  }

  async #work(request: Work, current: Job): Promise<void> {
    const { job } = request;
    const session = this.#session;
    if (!session) throw new SealiftError("USAGE", "Cannot do that: no file is open");
    current.begin(STAGE[request.type], session.size);
    if (request.type === "list") {
      const nodes = await (await session.contents()).list(request.key);
      this.#post({ type: "listed", job, nodes });
    } else if (request.type === "take") {
      this.#post({ type: "taken", job, ...(await session.take(request.key)) });
    } else {
      this.#post({ type: "taken-all", job, result: await session.takeAll(request.folder) });
    }
  }

  #judge(keys: readonly string[]): void {
    this.#keys = readKeys(keys);
    const verdict = this.#session?.judge(this.#keys);
    if (verdict) this.#post({ type: "verdict", verdict });
  }

  #readKey(job: number, pem: string): void {
    this.#post({ type: "key", job, hint: parsePublicKey(pem, "this key").hint });
  }
}

const STAGE: Readonly<Record<Work["type"], string>> = {
  list: "Reading the layer",
  take: "Checking and taking out",
  "take-all": "Checking and taking out",
};

/** One piece of work: its progress, and its end. */
class Job {
  readonly id: number;
  readonly #post: (answer: Answer) => void;
  readonly #abort = new AbortController();
  #progress: Progress = { stage: "", done: 0, total: 0 };
  #reported = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(id: number, post: (answer: Answer) => void) {
    this.id = id;
    this.#post = post;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  begin(stage: string, total: number): void {
    this.#progress = { stage, done: 0, total };
    this.#report();
  }

  onRead(bytes: number): void {
    const { done, total } = this.#progress;
    // Documents are read twice: for the plan, and in their place.
    this.#progress = { ...this.#progress, done: Math.min(done + bytes, total) };
    if (performance.now() - this.#reported > REPORT_INTERVAL) this.#report();
  }

  abort(): void {
    this.#abort.abort();
  }

  /** What could not be read is neither right nor wrong. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  requireRunning(): void {
    if (this.signal.aborted) throw new SealiftError("ABORTED", "Cannot go on: it was cancelled");
    if (this.#failure) throw this.#failure.error;
  }

  #report(): void {
    this.#reported = performance.now();
    this.#post({ type: "progress", job: this.id, progress: this.#progress });
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof SealiftError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  return {
    code: "INTERNAL",
    message: reasonOf(error),
    hint: "This is a defect in sealift; please report it.",
  };
}
