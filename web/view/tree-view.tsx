import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { ContentsKind } from "../../src/bundle/contents.ts";
import { printable } from "../../src/trust/printable.ts";
import type { Row, Tree } from "../state/tree.ts";
import { exactSize, formatMode, formatSize } from "./format.ts";
import { Icon } from "./icon.tsx";
import { treeKey } from "./tree-keys.ts";

/** Pixels; must be what the style says, as rows out of sight are only reckoned with. */
const ROW_HEIGHT = 34;
/** Rows drawn above and below what is seen. */
const OVERSCAN = 12;

interface TreeProps {
  readonly tree: Tree;
  readonly label: string;
  /** A row was chosen: Enter or a double click. */
  onChoose(row: Row): void;
}

/** The WAI-ARIA tree: one tab stop, arrows, and only as many rows in the page as are seen. */
export function TreeView({ tree, label, onChoose }: TreeProps) {
  const box = useRef<HTMLDivElement>(null);
  const seen = useSignal({ top: 0, height: 0 });
  const rows = tree.rows.value;
  const current = tree.current.value;
  const currentIndex = current ? rows.indexOf(current) : -1;

  const measure = () => {
    const { scrollTop = 0, clientHeight = 0 } = box.current ?? {};
    seen.value = { top: scrollTop, height: clientHeight };
  };
  useEffect(measure, [rows.length]);
  useEffect(() => bringIntoView(box.current, currentIndex), [current?.node.key]);

  const first = Math.max(0, Math.floor(seen.value.top / ROW_HEIGHT) - OVERSCAN);
  const last = Math.ceil((seen.value.top + seen.value.height) / ROW_HEIGHT) + OVERSCAN;
  const shown = rows.slice(first, last);
  return (
    <div
      ref={box}
      role="tree"
      aria-label={label}
      aria-activedescendant={current && idOf(current)}
      tabIndex={0}
      class="tree"
      onScroll={measure}
      onKeyDown={(event) => {
        if (treeKey(event, tree, onChoose)) event.preventDefault();
      }}
    >
      <div role="presentation" class="tree-rows" style={{ height: `${rows.length * ROW_HEIGHT}px` }}>
        {shown.map((row, index) => (
          <TreeRow
            key={row.node.key}
            row={row}
            top={(first + index) * ROW_HEIGHT}
            current={row === current}
            onSelect={() => tree.select(row.node.key)}
            onToggle={() => tree.toggle(row)}
            onChoose={() => onChoose(row)}
          />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly row: Row;
  readonly top: number;
  readonly current: boolean;
  onSelect(): void;
  onToggle(): void;
  onChoose(): void;
}

function TreeRow({ row, top, current, onSelect, onToggle, onChoose }: RowProps) {
  const { node, level, position, siblings, expanded, loading, problem } = row;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the focus, and so the keys (aria-activedescendant)
    <div
      id={idOf(row)}
      role="treeitem"
      tabIndex={-1}
      aria-level={level}
      aria-posinset={position}
      aria-setsize={siblings}
      aria-expanded={expanded}
      aria-selected={current}
      aria-busy={loading}
      class={`row kind-${node.kind}`}
      style={{ top: `${top}px`, paddingInlineStart: `${12 + (level - 1) * 20}px` }}
      onClick={(event) => {
        onSelect();
        if ((event.target as Element).closest(".twist")) onToggle();
      }}
      onDblClick={onChoose}
    >
      <span class={`twist ${expanded ? "open" : ""}`}>
        {expanded === undefined ? null : <Icon name="chevron" size={16} />}
      </span>
      <Icon name={node.kind} size={18} />
      <span class="name">{printable(node.name)}</span>
      <span class="detail muted">{problem ?? (loading ? "reading …" : (node.detail ?? ""))}</span>
      <span class="mode mono muted">{node.mode === undefined ? "" : formatMode(node.mode)}</span>
      <span class="size numeric">{node.size === undefined ? "" : formatSize(node.size)}</span>
    </div>
  );
}

function idOf({ node }: Row): string {
  return `node-${node.key}`;
}

function bringIntoView(box: HTMLElement | null, index: number): void {
  if (!box || index < 0) return;
  const top = index * ROW_HEIGHT;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (top + ROW_HEIGHT > box.scrollTop + box.clientHeight)
    box.scrollTop = top + ROW_HEIGHT - box.clientHeight;
}

const DETAIL: Readonly<Record<ContentsKind, string>> = {
  artifact: "Goes to",
  index: "About",
  image: "Platform",
  layer: "Made by",
  config: "Platform",
  signature: "Type",
  folder: "About",
  file: "About",
  link: "Leads to",
  device: "About",
  absent: "About",
};

/** What a row says beside its name, for the pane that describes the current one. */
export function describeRow({ node }: Row): readonly (readonly [string, string])[] {
  const facts: [string, string][] = [];
  if (node.detail) facts.push([DETAIL[node.kind], node.detail]);
  if (node.size !== undefined) facts.push(["Size", exactSize(node.size)]);
  if (node.mode !== undefined)
    facts.push(["Mode", `${formatMode(node.mode)} (${node.mode.toString(8).padStart(4, "0")})`]);
  return facts;
}
