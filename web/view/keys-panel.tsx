import { useSignal } from "@preact/signals";
import type { Verifier } from "../state/verifier.ts";
import { ChooseButton } from "./choose-button.tsx";
import { Icon } from "./icon.tsx";

/** The keys that are trusted here, and ways to add one. */
export function KeysPanel({ verifier }: { readonly verifier: Verifier }) {
  const keys = verifier.keys.all.value;
  const lasting = verifier.keys.lasting
    ? "They are kept in this browser."
    : "They are kept until this page is closed.";
  return (
    <section class="card keys" aria-labelledby="keys-title">
      <h2 id="keys-title">Trusted keys</h2>
      {keys.length === 0 ? (
        <p class="muted">
          None yet. With a public key, a verdict says who vouches for a bundle; get the key from them by
          another way than the bundle.
        </p>
      ) : (
        <>
          <ul class="key-list">
            {keys.map(({ name, hint }) => (
              <li key={hint}>
                <Icon name="key" size={18} />
                <div>
                  <p>{name}</p>
                  <p class="mono muted hint">{hint}</p>
                </div>
                <button
                  type="button"
                  class="quiet compact"
                  aria-label={`Remove ${name}`}
                  onClick={() => void verifier.keys.remove(hint)}
                >
                  <Icon name="close" size={16} />
                </button>
              </li>
            ))}
          </ul>
          <p class="muted small">{lasting}</p>
        </>
      )}
      <AddKey verifier={verifier} />
    </section>
  );
}

function AddKey({ verifier }: { readonly verifier: Verifier }) {
  const open = useSignal(false);
  const problem = verifier.keyProblem.value;
  return (
    <div class="add-key">
      {open.value ? (
        <KeyForm
          verifier={verifier}
          onDone={() => {
            open.value = false;
          }}
        />
      ) : (
        <div class="actions">
          <button
            type="button"
            class="quiet"
            onClick={() => {
              open.value = true;
            }}
          >
            Paste a key
          </button>
          <ChooseButton
            label="Public key file"
            accept=".pub,.pem,.key"
            onFiles={(files) => void verifier.give(files)}
          >
            Choose a key file
          </ChooseButton>
        </div>
      )}
      {problem ? (
        <p class="problem" role="alert">
          {problem.message}. {problem.hint}
        </p>
      ) : null}
    </div>
  );
}

function KeyForm({ verifier, onDone }: { readonly verifier: Verifier; onDone(): void }) {
  const pem = useSignal("");
  const name = useSignal("");
  const add = async (event: Event) => {
    event.preventDefault();
    if (await verifier.addKey(pem.value, name.value)) onDone();
  };
  const cancel = () => {
    verifier.keyProblem.value = undefined;
    onDone();
  };
  return (
    <form onSubmit={(event) => void add(event)}>
      <label>
        Public key
        <textarea
          rows={5}
          class="mono"
          spellcheck={false}
          required
          placeholder="-----BEGIN PUBLIC KEY-----"
          value={pem.value}
          onInput={(event) => {
            pem.value = event.currentTarget.value;
          }}
        />
      </label>
      <label>
        Whose it is
        <input
          type="text"
          value={name.value}
          autocomplete="off"
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
      </label>
      <div class="actions">
        <button type="submit" class="primary">
          Trust this key
        </button>
        <button type="button" class="quiet" onClick={cancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
