/** The version of the shapes under `--json`; raised when a field changes its meaning or goes. */
export const JSON_SCHEMA = 1;

/** A command's result as JSON for programs: indented, ending in a line feed, `schema` first. */
export function renderJson(result: object): string {
  return `${JSON.stringify({ schema: JSON_SCHEMA, ...result }, null, 2)}\n`;
}

/** As {@link renderJson} of `{ [name]: items }`, item by item. */
export function* renderJsonList(name: string, items: Iterable<object>): Generator<string, void, void> {
  const empty = renderJson({ [name]: [] });
  const at = empty.lastIndexOf("]");
  let isFirst = true;
  for (const item of items) {
    const lines = JSON.stringify(item, null, 2).replaceAll("\n", "\n    ");
    yield `${isFirst ? empty.slice(0, at) : ","}\n    ${lines}`;
    isFirst = false;
  }
  yield isFirst ? empty : `\n  ${empty.slice(at)}`;
}
