/** What is timed: the same work by each program, in its own words. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type Command, sealift } from "./measured.ts";

export interface Places {
  readonly folder: string;
  /** Two registries, `host:port`; the image is in the first, as NAME:bench. */
  readonly from: string;
  readonly to: string;
  readonly name: string;
  /** The image as an OCI archive. */
  readonly archive: string;
  readonly ref: string;
  /** The image in an OCI layout's folder, as `bench`. */
  readonly layout: string;
  /** Uploads of each go to a repository of their own, where nothing is yet. */
  readonly round: number;
}

export interface Contender {
  readonly name: string;
  /** Must be on the PATH; ours is not asked for. */
  readonly program?: string;
  readonly command: (places: Places) => Command;
}

export interface Case {
  readonly name: string;
  readonly contenders: readonly Contender[];
  /** Before each run. */
  clear(places: Places): Promise<void>;
}

const NORMALISE = ["-f", "normalize-timestamps"];
const out = ({ folder }: Places) => join(folder, "out");
const image = ({ from, name }: Places) => `${from}/${name}:bench`;
const fresh = (registry: string, who: string, { name, round }: Places) =>
  `${registry}/${who}/${name}${round}:bench`;

const ours = (destination: (places: Places) => string, ...options: string[]): Contender => ({
  name: "sealift",
  command: (places) =>
    sealift(
      "process",
      "--quiet",
      "--no-verify",
      `registry://${image(places)}`,
      destination(places),
      ...options,
    ),
});

const peer = (name: string, command: (places: Places) => Command): Contender => ({
  name,
  program: name.split(" ")[0] as string,
  command,
});

const skopeo = (destination: (places: Places) => string, ...options: string[]): Contender =>
  peer(
    "skopeo",
    (places) =>
      [
        ...[
          "skopeo",
          "--insecure-policy",
          "copy",
          "--quiet",
          "--src-tls-verify=false",
          "--dest-tls-verify=false",
        ],
        ...options,
        `docker://${image(places)}`,
        destination(places),
      ] as unknown as Command,
  );

const crane = (...command: readonly ((places: Places) => string)[]): Contender =>
  peer("crane", (places) => ["crane", "--insecure", ...command.map((part) => part(places))]);

const occystrap = (destination: (places: Places) => string, ...options: string[]): Contender =>
  peer("occystrap", (places) => [
    ...([
      "occystrap",
      "--insecure",
      "--no-verify",
      "process",
      `registry://${image(places)}`,
      destination(places),
    ] as const),
    ...options,
  ]);

const sh = (name: string, script: (places: Places) => string): Contender => ({
  name,
  program: name.split(" ")[0] as string,
  command: (places) => ["bash", "-c", script(places)],
});

const theLayer = ({ archive }: Places) =>
  `tar -tvf '${archive}' | sort -k3 -n -r | awk 'NR==1 {print $6}' | xargs tar -xOf '${archive}'`;

const unpack: Contender = {
  name: "sealift",
  command: (places) =>
    sealift(
      "process",
      "--quiet",
      "--no-verify",
      `oci-layout://${places.layout}#bench`,
      `oci://${out(places)}`,
    ),
};

/** Where skopeo remembers which registry has what: it would mount what an earlier round has brought. */
const SKOPEO_REMEMBERS = ["boltdb", "sqlite"].map(
  (kind) => `/var/lib/containers/cache/blob-info-cache-v1.${kind}`,
);

async function clear(places: Places): Promise<void> {
  for (const path of [out(places), ...SKOPEO_REMEMBERS]) await rm(path, { recursive: true, force: true });
}

export const cases: readonly Case[] = [
  {
    name: "registry to docker archive",
    clear,
    contenders: [
      ours((places) => `tar://${out(places)}`),
      skopeo((places) => `docker-archive:${out(places)}:bench:1`),
      crane(() => "pull", image, out),
      occystrap((places) => `tar://${out(places)}`),
    ],
  },
  {
    name: "registry to OCI layout",
    clear,
    contenders: [
      ours((places) => `oci-layout://${out(places)}`),
      skopeo((places) => `oci:${out(places)}:bench`),
      crane(
        () => "pull",
        () => "--format=oci",
        image,
        out,
      ),
    ],
  },
  {
    name: "registry to registry",
    clear,
    contenders: [
      ours((places) => `registry://${fresh(places.to, "sealift", places)}`),
      skopeo((places) => `docker://${fresh(places.to, "skopeo", places)}`),
      crane(
        () => "copy",
        image,
        (places) => fresh(places.to, "crane", places),
      ),
    ],
  },
  {
    name: "within one registry",
    clear,
    contenders: [
      ours((places) => `registry://${fresh(places.from, "sealift", places)}`),
      skopeo((places) => `docker://${fresh(places.from, "skopeo", places)}`),
      crane(
        () => "copy",
        image,
        (places) => fresh(places.from, "crane", places),
      ),
    ],
  },
  {
    name: "normalise to docker archive",
    clear,
    contenders: [
      ours((places) => `tar://${out(places)}`, ...NORMALISE),
      occystrap((places) => `tar://${out(places)}`, ...NORMALISE),
    ],
  },
  {
    name: "normalise to registry",
    clear,
    contenders: [
      ours((places) => `registry://${fresh(places.to, "normalised", places)}`, ...NORMALISE),
      occystrap((places) => `registry://${fresh(places.to, "occystrap", places)}`, ...NORMALISE),
      sh(
        "gzip -6 of the largest layer",
        (places) => `${theLayer(places)} | gzip -dc | gzip -6 > '${out(places)}'`,
      ),
    ],
  },
  {
    name: "unpack to a runtime bundle",
    clear,
    contenders: [
      unpack,
      peer("umoci", (places) => ["umoci", "unpack", "--image", `${places.layout}:bench`, out(places)]),
    ],
  },
  {
    name: "exclude to docker archive",
    clear,
    contenders: [
      ours((places) => `tar://${out(places)}`, "-f", "exclude:pattern=usr/share/doc/**"),
      occystrap((places) => `tar://${out(places)}`, "-f", "exclude:pattern=usr/share/doc/*"),
    ],
  },
  {
    name: "recompress with zstd",
    clear,
    contenders: [
      ours((places) => `oci-layout://${out(places)}`, "-f", "recompress:format=zstd"),
      skopeo((places) => `dir:${out(places)}`, "--dest-compress", "--dest-compress-format=zstd"),
    ],
  },
];
