import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

interface ChooseProps {
  readonly children: ComponentChildren;
  readonly label: string;
  readonly kind?: "primary" | "quiet";
  readonly accept?: string;
  onFiles(files: File[]): void;
}

/** A button that opens the browser's file picker. */
export function ChooseButton({ children, label, kind = "quiet", accept, onFiles }: ChooseProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class={kind} onClick={() => input.current?.click()}>
        {children}
      </button>
      <input
        ref={input}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        aria-label={label}
        accept={accept}
        onChange={(event) => {
          const { files } = event.currentTarget;
          onFiles([...(files ?? [])]);
          // The same file again is a change again.
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
