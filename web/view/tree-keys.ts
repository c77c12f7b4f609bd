import type { Row, Tree } from "../state/tree.ts";

/** The keys of WAI-ARIA's tree pattern; true where the key was one of them. */
export function treeKey(event: KeyboardEvent, tree: Tree, onChoose: (row: Row) => void): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const row = tree.current.value;
  if (!row) return false;
  if (event.key.length !== 1) typed = NOTHING_TYPED;
  const move = MOVES[event.key];
  if (move) {
    const to = move(tree.rows.value, tree.rows.value.indexOf(row));
    if (to) tree.select(to.node.key);
    return true;
  }
  switch (event.key) {
    case "ArrowRight":
      goIn(tree, row);
      return true;
    case "ArrowLeft":
      goOut(tree, row);
      return true;
    case " ":
      tree.toggle(row);
      return true;
    case "Enter":
      onChoose(row);
      return true;
    case "*":
      tree.expandSiblings(row);
      return true;
  }
  return typeAhead(event, tree, row);
}

const PAGE = 12;

type Move = (rows: readonly Row[], from: number) => Row | undefined;

const MOVES: Readonly<Record<string, Move>> = {
  ArrowDown: (rows, from) => rows[from + 1],
  ArrowUp: (rows, from) => rows[from - 1],
  PageDown: (rows, from) => rows[Math.min(from + PAGE, rows.length - 1)],
  PageUp: (rows, from) => rows[Math.max(from - PAGE, 0)],
  Home: (rows) => rows[0],
  End: (rows) => rows.at(-1),
};

/** Opens a closed node; of an open one, goes to its first child. */
function goIn(tree: Tree, row: Row): void {
  if (row.expanded === false) tree.expand(row);
  else if (row.expanded) {
    const rows = tree.rows.value;
    const next = rows[rows.indexOf(row) + 1];
    if (next && next.parent === row.node.key) tree.select(next.node.key);
  }
}

/** Closes an open node; from another, goes to its parent. */
function goOut(tree: Tree, row: Row): void {
  if (row.expanded) tree.collapse(row);
  else if (row.parent !== undefined) tree.select(row.parent);
}

/** Milliseconds in which letters belong to one name. */
const PAUSE = 700;

const NOTHING_TYPED = { text: "", at: Number.NEGATIVE_INFINITY };
let typed = NOTHING_TYPED;

/** What is typed goes to the next node whose name begins with it; a letter repeated goes from one to the next. */
function typeAhead({ key, timeStamp }: KeyboardEvent, tree: Tree, row: Row): boolean {
  if (key.length !== 1) return false;
  const letter = key.toLowerCase();
  const text = timeStamp - typed.at < PAUSE ? typed.text + letter : letter;
  typed = { text, at: timeStamp };
  const repeated = text === letter.repeat(text.length);
  const rows = tree.rows.value;
  const from = rows.indexOf(row) + (repeated ? 1 : 0);
  const found = [...rows.slice(from), ...rows.slice(0, from)].find(({ node }) =>
    node.name.toLowerCase().startsWith(repeated ? letter : text),
  );
  if (found) tree.select(found.node.key);
  return found !== undefined;
}
