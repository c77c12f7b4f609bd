import type { LayerEntry } from "./layer-entries.ts";
import type { NodeTable } from "./node-table.ts";
import type { Inode, NodeChildren, TreeNode } from "./tree.ts";

/** A node of a table, for as long as somebody looks at it. Two of one node are two objects: see {@link TableNode.is}. */
export class TableNode implements TreeNode {
  readonly id: number;
  readonly #table: NodeTable;

  constructor(table: NodeTable, id: number) {
    this.#table = table;
    this.id = id;
  }

  is(other: TableNode | undefined): boolean {
    return other?.id === this.id;
  }

  get name(): string {
    return this.#table.name(this.id);
  }

  get path(): string {
    return this.#table.path(this.id);
  }

  get parent(): TableNode | undefined {
    const id = this.#table.parent(this.id);
    return id === undefined ? undefined : new TableNode(this.#table, id);
  }

  get layer(): number {
    return this.#table.layer(this.id);
  }

  get inode(): TableInode {
    return new TableInode(this.#table, this.#table.inode(this.id));
  }

  get children(): TableChildren | undefined {
    const isFolder = this.#table.type(this.#table.inode(this.id)) === "directory";
    return isFolder ? new TableChildren(this.#table, this.id) : undefined;
  }

  get symlink(): string | undefined {
    const inode = this.#table.inode(this.id);
    return this.#table.type(inode) === "symlink" ? this.#table.linkname(inode) : undefined;
  }
}

class TableInode implements Inode {
  readonly id: number;
  readonly #table: NodeTable;

  constructor(table: NodeTable, id: number) {
    this.#table = table;
    this.id = id;
  }

  get layer(): number {
    return this.#table.layer(this.id);
  }

  get links(): number {
    return this.#table.links(this.id);
  }

  get entry(): LayerEntry | undefined {
    return this.#table.entry(this.id);
  }
}

class TableChildren implements NodeChildren {
  readonly #table: NodeTable;
  readonly #folder: number;

  constructor(table: NodeTable, folder: number) {
    this.#table = table;
    this.#folder = folder;
  }

  get size(): number {
    let size = 0;
    for (const _ of this.#table.children(this.#folder)) size++;
    return size;
  }

  get(name: string): TableNode | undefined {
    const id = this.#table.child(this.#folder, name);
    return id === undefined ? undefined : new TableNode(this.#table, id);
  }

  *keys(): Generator<string, void, void> {
    for (const id of this.#table.children(this.#folder)) yield this.#table.name(id);
  }

  *values(): Generator<TableNode, void, void> {
    for (const id of this.#table.children(this.#folder)) yield new TableNode(this.#table, id);
  }

  *[Symbol.iterator](): Generator<[string, TableNode], void, void> {
    for (const node of this.values()) yield [node.name, node];
  }
}
