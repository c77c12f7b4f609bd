/** The version of the shapes under `--json`; raised when a field changes its meaning or goes. */
export const JSON_SCHEMA = 1;

/** A command's result as JSON for programs: indented, ending in a line feed, `schema` first. */
export function renderJson(result: object): string {
  return `${JSON.stringify({ schema: JSON_SCHEMA, ...result }, null, 2)}\n`;
}
