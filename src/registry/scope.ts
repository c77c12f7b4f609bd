/** What a request may do, as token servers name it: `repository:<name>:pull[,push]`. */
export function repositoryScope(repository: string, actions: "pull" | "pull,push"): string {
  return `repository:${repository}:${actions}`;
}

/** The scopes wanted and those a challenge names, with the actions on one repository joined. */
export function mergeScopes(wanted: readonly string[], named = ""): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of [...wanted, ...named.split(" ").filter(Boolean)]) {
    const colon = scope.lastIndexOf(":");
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(([resource, names]) => `${resource}:${[...names].join(",")}`);
}
