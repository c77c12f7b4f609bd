import type { Verifier } from "../state/verifier.ts";
import { ChooseButton } from "./choose-button.tsx";
import { Icon } from "./icon.tsx";

/** Before anything was given. */
export function Empty({ verifier }: { readonly verifier: Verifier }) {
  return (
    <section class="empty">
      <div class="empty-mark">
        <Icon name="drop" size={40} />
      </div>
      <h1>Check what you were given</h1>
      <p class="lead">
        Drop a bundle, an OCI archive or a <code>docker save</code> file anywhere on this page. Every byte is
        read and compared with what its digests and signatures say.
      </p>
      <ChooseButton kind="primary" label="File to check" onFiles={(files) => void verifier.give(files)}>
        Choose a file
      </ChooseButton>
      <p class="promise">
        <Icon name="offline" size={16} />
        It is read here, on this machine. Nothing of it is sent anywhere.
      </p>
    </section>
  );
}
