/** Numbers and names as people read them. */

const UNITS = ["bytes", "KB", "MB", "GB", "TB"];

/** Bytes in powers of 1000, three digits at most. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${bytes === 1 ? "byte" : UNITS[unit]}`;
}

/** As {@link formatSize}, with the exact number where that rounds. */
export function exactSize(bytes: number): string {
  const size = formatSize(bytes);
  return bytes < 1000 ? size : `${size} (${plural(bytes, "byte")})`;
}

/** `sha256:` and enough to tell it from others. */
export function shortDigest(digest: string): string {
  return digest.replace(/^(sha\d+:[0-9a-f]{12})[0-9a-f]+$/, "$1…");
}

const FLAGS = "rwxrwxrwx";

/** Permission bits as `ls -l` writes them. */
export function formatMode(mode: number): string {
  return [...FLAGS].map((flag, index) => (mode & (0o400 >> index) ? flag : "-")).join("");
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
