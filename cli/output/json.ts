/** The version of the shapes under `--json`; raised when a field changes its meaning or goes. */
export const JSON_SCHEMA = 1;

/** A command's result as JSON for programs: indented, ending in a line feed, `schema` first. */
export function renderJson(result: object): string {
  return `${JSON.stringify({ schema: JSON_SCHEMA, ...result }, null, 2)}\n`;
}

/** As {@link renderJson} of `{ [name]: items }`, item by item, also of the lists in them. */
export function* renderJsonList(name: string, items: Iterable<object>): Generator<string, void, void> {
  yield* object({ schema: JSON_SCHEMA, [name]: items }, "\n");
  yield "\n";
}

/** A value's text, on lines that begin with `feed`. */
function* pieces(value: unknown, feed: string): Generator<string, void, void> {
  if (isIterable(value)) yield* list(value, feed);
  else if (hasLists(value)) yield* object(value, feed);
  else yield JSON.stringify(value, null, 2).replaceAll("\n", feed);
}

function* list(items: Iterable<unknown>, feed: string): Generator<string, void, void> {
  let before = "[";
  for (const item of items) {
    yield `${before}${feed}  `;
    yield* pieces(item, `${feed}  `);
    before = ",";
  }
  yield before === "[" ? "[]" : `${feed}]`;
}

function* object(members: object, feed: string): Generator<string, void, void> {
  let before = "{";
  for (const [name, value] of Object.entries(members)) {
    if (value === undefined) continue;
    yield `${before}${feed}  ${JSON.stringify(name)}: `;
    yield* pieces(value, `${feed}  `);
    before = ",";
  }
  yield `${feed}}`;
}

function hasLists(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.values(value).some(isIterable);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}
