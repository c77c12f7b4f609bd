import { printable } from "../../src/trust/printable.ts";
import type { Row } from "../state/tree.ts";
import type { Verifier } from "../state/verifier.ts";
import { CopyButton } from "./copy-button.tsx";
import { DigestText } from "./digest-text.tsx";
import { Icon } from "./icon.tsx";
import { TakeAll, TakingReport } from "./taking.tsx";
import { describeRow, TreeView } from "./tree-view.tsx";

/** What is in the file: the tree, and what is known of the current node. */
export function Inside({ verifier }: { readonly verifier: Verifier }) {
  const { tree, file } = verifier;
  if (file.value?.unlisted !== undefined) {
    return (
      <section class="card inside" aria-labelledby="inside-title">
        <h2 id="inside-title">Inside</h2>
        <p class="muted">
          It is too damaged to be listed: <DigestText text={file.value.unlisted} />
        </p>
      </section>
    );
  }
  if (tree.rows.value.length === 0) return null;
  const choose = (row: Row) => {
    if (row.expanded !== undefined) tree.toggle(row);
    else if (row.node.saveAs && verifier.mayTake) void verifier.take(row.node);
  };
  return (
    <section class="card inside" aria-labelledby="inside-title">
      <header>
        <h2 id="inside-title">Inside</h2>
        {verifier.phase.value === "working" ? <span class="chip">not verified yet</span> : null}
        <TakeAll verifier={verifier} />
      </header>
      <TakingReport verifier={verifier} />
      <div class="panes">
        <TreeView tree={tree} label="Contents of the file" onChoose={choose} />
        <NodePane verifier={verifier} row={tree.current.value} />
      </div>
    </section>
  );
}

function NodePane({ verifier, row }: { readonly verifier: Verifier; readonly row: Row | undefined }) {
  if (!row) return null;
  const { node, expanded, problem } = row;
  return (
    <aside class="node-pane" aria-label="Selected">
      <h3>
        <Icon name={node.kind} size={20} />
        {printable(node.name)}
      </h3>
      <dl>
        {describeRow(row).map(([term, text]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </div>
        ))}
        {node.digest ? (
          <div>
            <dt>Digest</dt>
            <dd class="mono">{node.digest}</dd>
          </div>
        ) : null}
      </dl>
      {problem ? <p class="problem">{problem}</p> : null}
      <div class="actions">
        {node.saveAs ? (
          <button
            type="button"
            class="primary"
            disabled={!verifier.mayTake}
            onClick={() => void verifier.take(node)}
          >
            <Icon name="save" size={16} />
            Save {node.saveAs}
          </button>
        ) : null}
        {node.listable && expanded === false ? (
          <button type="button" class="quiet" onClick={() => verifier.tree.expand(row)}>
            List its files
          </button>
        ) : null}
        {node.digest ? <CopyButton label="Copy the digest" text={() => node.digest ?? ""} /> : null}
      </div>
      {node.saveAs && !verifier.mayTake && verifier.phase.value === "judged" ? (
        <p class="muted small">Nothing is taken out of a file that did not verify.</p>
      ) : null}
    </aside>
  );
}
