/** Long enough for any browser to have begun the download. */
const KEPT = 60_000;

/** Hands a Blob to the user as a download; nothing of it is copied. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT);
}
