import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Verifier } from "../state/verifier.ts";
import { Icon } from "./icon.tsx";

/** The whole page takes what is dropped or pasted. */
export function DropZone({ verifier }: { readonly verifier: Verifier }) {
  const over = useSignal(false);
  useEffect(() => {
    const listeners = listenersOf(verifier, (value) => {
      over.value = value;
    });
    for (const [type, listener] of listeners) document.addEventListener(type, listener);
    return () => {
      for (const [type, listener] of listeners) document.removeEventListener(type, listener);
    };
  }, [verifier]);
  if (!over.value) return null;
  return (
    <div class="drop-veil" aria-hidden="true">
      <Icon name="drop" size={48} />
      <p>Let go to check it</p>
    </div>
  );
}

function listenersOf(verifier: Verifier, setOver: (over: boolean) => void): [string, EventListener][] {
  const onDrag: EventListener = (event) => {
    if (!hasFiles(event as DragEvent)) return;
    event.preventDefault();
    setOver(true);
  };
  const onLeave: EventListener = (event) => {
    // Leaving a child for its neighbour is no leaving of the page.
    if ((event as DragEvent).relatedTarget === null) setOver(false);
  };
  const onDrop: EventListener = (event) => {
    event.preventDefault();
    setOver(false);
    void verifier.give([...((event as DragEvent).dataTransfer?.files ?? [])]);
  };
  const onPaste: EventListener = (event) => {
    const { clipboardData, target } = event as ClipboardEvent;
    if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) return;
    const files = [...(clipboardData?.files ?? [])];
    if (files.length > 0) void verifier.give(files);
    else void verifier.giveText(clipboardData?.getData("text") ?? "");
  };
  return [
    ["dragenter", onDrag],
    ["dragover", onDrag],
    ["dragleave", onLeave],
    ["drop", onDrop],
    ["paste", onPaste],
  ];
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}
