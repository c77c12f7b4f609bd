import { shortDigest } from "./format.ts";

/** Text in which digests are short: a sentence with four of them whole is read by nobody. They stand whole below it. */
export function DigestText({ text }: { readonly text: string }) {
  const parts = text.split(/(sha(?:256|512):[0-9a-f]{64,128})/);
  return (
    <>
      {parts.map((part, index) =>
        index % 2 === 0 ? (
          part
        ) : (
          <span key={`${index} ${part}`} class="mono" title={part}>
            {shortDigest(part)}
          </span>
        ),
      )}
    </>
  );
}
