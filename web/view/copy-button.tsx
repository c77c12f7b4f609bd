import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** Milliseconds for which "Copied" stands. */
const SHOWN = 1600;

interface CopyProps {
  readonly label: string;
  /** What goes to the clipboard, made when it is asked for. */
  readonly text: () => string;
  /** Icon only; the label is for readers. */
  readonly compact?: boolean;
}

export function CopyButton({ label, text, compact }: CopyProps) {
  const said = useSignal("");
  useEffect(() => {
    if (said.value === "") return;
    const timer = setTimeout(() => {
      said.value = "";
    }, SHOWN);
    return () => clearTimeout(timer);
  }, [said.value]);

  const copy = async () => {
    try {
      await writeClipboard(text());
      said.value = "Copied";
    } catch {
      said.value = "Not allowed";
    }
  };
  return (
    <button
      type="button"
      class={compact ? "quiet compact" : "quiet"}
      aria-label={compact ? label : undefined}
      title={compact ? label : undefined}
      onClick={copy}
    >
      <Icon name={said.value === "Copied" ? "pass" : "copy"} size={16} />
      {compact ? null : <span>{said.value || label}</span>}
      <span class="visually-hidden" role="status">
        {said.value}
      </span>
    </button>
  );
}

/** The clipboard's own interface is for secure contexts; a page from a file has only the old way. */
async function writeClipboard(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not copied");
}
