/** runtime-spec: the config.json of a bundle that runc and its like start. */
import type { ImageConfig } from "./config.ts";

/** The process's user, as numbers. */
export interface RuntimeUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home?: string;
}

export interface RuntimeOptions {
  /** The root file system cannot be written to. */
  readonly readonly?: boolean;
  readonly hostname?: string;
}

/** What every engine sets where an image says nothing. */
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Docker's and containerd's: what images are made for, and none that reaches out of the container. */
const CAPABILITIES = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

/** The config.json for an image, its root file system in `rootfs` (image-spec, conversion.md). */
export function runtimeConfig(image: ImageConfig, user: RuntimeUser, options: RuntimeOptions = {}): object {
  return {
    ociVersion: "1.0.2",
    process: processOf(image, user),
    root: { path: "rootfs", ...(options.readonly && { readonly: true }) },
    hostname: options.hostname ?? "sealift",
    mounts: MOUNTS,
    annotations: annotationsOf(image),
    linux: {
      resources: { devices: [{ allow: false, access: "rwm" }] },
      namespaces: ["pid", "network", "ipc", "uts", "mount", "cgroup"].map((type) => ({ type })),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
    },
  };
}

function processOf({ config }: ImageConfig, { uid, gid, additionalGids, home }: RuntimeUser): object {
  const args = [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])];
  const cwd = config?.WorkingDir || "/";
  return {
    terminal: false,
    user: { uid, gid, ...(additionalGids.length > 0 && { additionalGids }) },
    // A runtime starts nothing without it; this is what `runc spec` puts there.
    args: args.length > 0 ? args : ["sh"],
    env: environment(config?.Env ?? [], home),
    cwd: cwd.startsWith("/") ? cwd : `/${cwd}`,
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  };
}

/** The image's own variables, and after them those that programs cannot do without. */
function environment(own: readonly string[], home = "/"): string[] {
  const has = (name: string) => own.some((variable) => variable.startsWith(`${name}=`));
  return [...own, ...(has("PATH") ? [] : [`PATH=${DEFAULT_PATH}`]), ...(has("HOME") ? [] : [`HOME=${home}`])];
}

/** Labels count more than what the config says elsewhere (image-spec, conversion.md "Annotation Fields"). */
function annotationsOf(image: ImageConfig): Record<string, string> {
  const { config } = image;
  const fields: Record<string, string | undefined> = {
    os: image.os,
    architecture: image.architecture,
    variant: image.variant,
    "os.version": image["os.version"],
    author: image.author,
    created: image.created,
    stopSignal: config?.StopSignal,
    exposedPorts: Object.keys(config?.ExposedPorts ?? {})
      .sort()
      .join(","),
  };
  const known = Object.entries(fields).flatMap(([key, value]): [string, string][] =>
    value ? [[`org.opencontainers.image.${key}`, value]] : [],
  );
  return { ...Object.fromEntries(known), ...config?.Labels };
}

/** As `runc spec` has them. */
const MOUNTS = [
  { destination: "/proc", type: "proc", source: "proc" },
  {
    destination: "/dev",
    type: "tmpfs",
    source: "tmpfs",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
  },
  {
    destination: "/dev/pts",
    type: "devpts",
    source: "devpts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
  },
  {
    destination: "/dev/shm",
    type: "tmpfs",
    source: "shm",
    options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
  },
  { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
  { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
  {
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
    options: ["nosuid", "noexec", "nodev", "relatime", "ro"],
  },
];

/** What of the kernel tells of the host, as `runc spec` hides it. */
const MASKED_PATHS = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/sys/firmware",
  "/proc/scsi",
];

const READONLY_PATHS = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];
