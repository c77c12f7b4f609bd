import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { ContentsNode } from "../../src/bundle/contents.ts";

/** A node as one row of the drawn tree (WAI-ARIA tree: level, place and number among its siblings). */
export interface Row {
  readonly node: ContentsNode;
  readonly parent: string | undefined;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Undefined for a node that has nothing below it. */
  readonly expanded: boolean | undefined;
  readonly loading: boolean;
  readonly problem: string | undefined;
}

/** Lists what is in a node. */
export type ListNode = (key: string) => Promise<readonly ContentsNode[]>;

/** Which nodes are open, which one is current, and what was listed so far. */
export class Tree {
  readonly #nodes = signal<readonly ContentsNode[]>([]);
  readonly #open = signal<ReadonlySet<string>>(new Set());
  readonly #listed = signal<ReadonlyMap<string, readonly ContentsNode[]>>(new Map());
  readonly #loading = signal<ReadonlySet<string>>(new Set());
  readonly #problems = signal<ReadonlyMap<string, string>>(new Map());
  readonly #current = signal<string | undefined>(undefined);
  readonly #list: ListNode;

  constructor(list: ListNode) {
    this.#list = list;
  }

  readonly rows: ReadonlySignal<readonly Row[]> = computed(() => {
    const rows: Row[] = [];
    this.#addRows(this.#nodes.value, undefined, 1, rows);
    return rows;
  });

  readonly current: ReadonlySignal<Row | undefined> = computed(
    () => this.rows.value.find(({ node }) => node.key === this.#current.value) ?? this.rows.value[0],
  );

  /** Another file's tree; its upper levels are open where they are few. */
  show(nodes: readonly ContentsNode[]): void {
    this.#nodes.value = nodes;
    this.#listed.value = new Map();
    this.#loading.value = new Set();
    this.#problems.value = new Map();
    this.#current.value = undefined;
    const few = nodes.length <= 8;
    this.#open.value = new Set(
      few ? nodes.filter(({ children }) => (children?.length ?? 0) > 0).map(({ key }) => key) : [],
    );
  }

  select(key: string): void {
    this.#current.value = key;
  }

  toggle(row: Row): void {
    if (row.expanded === undefined) return;
    if (row.expanded) this.collapse(row);
    else this.expand(row);
  }

  expand({ node, expanded }: Row): void {
    if (expanded !== false) return;
    this.#open.value = new Set(this.#open.value).add(node.key);
    if (node.listable && !this.#listed.value.has(node.key)) void this.#load(node.key);
  }

  collapse({ node }: Row): void {
    this.#open.value = without(this.#open.value, node.key);
  }

  /** Opens all nodes beside this one that need no reading. */
  expandSiblings({ parent }: Row): void {
    for (const row of this.rows.value) {
      if (row.parent === parent && !row.node.listable) this.expand(row);
    }
  }

  async #load(key: string): Promise<void> {
    if (this.#loading.value.has(key)) return;
    this.#loading.value = new Set(this.#loading.value).add(key);
    this.#problems.value = new Map([...this.#problems.value].filter(([other]) => other !== key));
    const nodes = this.#nodes.value;
    try {
      const children = await this.#list(key);
      if (nodes === this.#nodes.value) this.#listed.value = new Map(this.#listed.value).set(key, children);
    } catch (error) {
      if (nodes !== this.#nodes.value) return;
      this.#open.value = without(this.#open.value, key);
      this.#problems.value = new Map(this.#problems.value).set(key, (error as Error).message);
    } finally {
      this.#loading.value = without(this.#loading.value, key);
    }
  }

  #addRows(nodes: readonly ContentsNode[], parent: string | undefined, level: number, rows: Row[]): void {
    for (const [index, node] of nodes.entries()) {
      const children = node.children ?? this.#listed.value.get(node.key);
      const hasMore = node.listable || (children?.length ?? 0) > 0;
      const expanded = hasMore ? this.#open.value.has(node.key) : undefined;
      rows.push({
        node,
        parent,
        level,
        position: index + 1,
        siblings: nodes.length,
        expanded,
        loading: this.#loading.value.has(node.key),
        problem: this.#problems.value.get(node.key),
      });
      if (expanded && children) this.#addRows(children, node.key, level + 1, rows);
    }
  }
}

function without(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const copy = new Set(set);
  copy.delete(key);
  return copy;
}
