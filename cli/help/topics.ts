/** What commands have in common, explained once: `sealift help TOPIC`. */
interface Topic {
  readonly summary: string;
  /** Loaded when it is read: no command needs it. */
  readonly load: () => Promise<string>;
}

export const TOPICS: Readonly<Record<string, Topic>> = {
  schemes: {
    summary: "where images come from and where they go",
    load: async () => (await import("./schemes.ts")).SCHEMES,
  },
  patterns: {
    summary: "several images at once",
    load: async () => (await import("./patterns.ts")).PATTERNS,
  },
  filters: {
    summary: "what changes an image on its way",
    load: async () => (await import("./filters.ts")).FILTERS,
  },
  credentials: {
    summary: "logins of registries, and where they are looked for",
    load: async () => (await import("./credentials.ts")).CREDENTIALS,
  },
  environment: {
    summary: "variables that are read",
    load: async () => (await import("./environment.ts")).ENVIRONMENT,
  },
  output: {
    summary: "results, notes and progress, for people and programs",
    load: async () => (await import("./output.ts")).OUTPUT,
  },
};

/** Topics for the foot of a help; all of them where none are named. */
export function topicList(...names: readonly string[]): string {
  const listed = names.length > 0 ? names : Object.keys(TOPICS);
  const rows = listed.map((name) => `  ${name.padEnd(13)}${TOPICS[name]?.summary}\n`);
  return `More, with \`sealift help TOPIC\`:\n${rows.join("")}`;
}
