import * as v from "valibot";
import { parseDocument } from "yaml";
import { reasonOf, SealiftError } from "../error.ts";
import { checkShape } from "../oci/json.ts";
import { fillTemplate, type TemplateValues } from "./template.ts";

/** What an author declares: a `NAME.sealift.yml`, or Pakto's `NAME.pakto.yml`, which has the same form. */
export interface Definition {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly category?: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly entrypoint?: { readonly script: string; readonly executable: boolean };
  readonly artifacts: readonly ArtifactDefinition[];
}

export interface ArtifactDefinition {
  readonly name: string;
  /** `oci://reference` or `local://path`, the path relative to the definition's folder. */
  readonly origin: string;
  /** Where `extract` puts it; a trailing slash means a folder. */
  readonly target: string;
  /** `os/architecture[/variant]`: only this image of an index; all of them without it. */
  readonly platform?: string;
}

const API_VERSIONS = ["sealift.dev/v1", "pakto.warrical.com/v1alpha1"];

const text = v.pipe(v.string(), v.minLength(1, "is empty"));

const definitionSchema = v.strictObject({
  apiVersion: v.picklist(API_VERSIONS, `is not one of ${API_VERSIONS.join(", ")}`),
  kind: v.literal("Manifest", 'is not "Manifest"'),
  metadata: v.strictObject({
    // It becomes a file's name and an annotation.
    name: v.pipe(
      v.string(),
      v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, "may hold letters, digits, dot, dash and underscore"),
    ),
    version: v.optional(text),
    description: v.optional(v.string()),
    category: v.optional(v.string()),
  }),
  variables: v.optional(v.record(v.string(), v.string()), {}),
  entrypoint: v.optional(
    v.strictObject({
      script: text,
      mode: v.optional(v.pipe(v.string(), v.regex(/^0?[0-7]{3}$/, "is not an octal mode"))),
    }),
  ),
  artifacts: v.pipe(
    v.array(v.strictObject({ name: text, origin: text, target: text, platform: v.optional(text) })),
    v.minLength(1, "is empty"),
  ),
});

/** Reads a definition and fills its templates. Throws DEFINITION_INVALID, with the line for YAML's errors. */
export function parseDefinition(source: string, what: string): Definition {
  // Every scalar stays the text it was written as: `1.10` is a version, not 1.1, and `0755` is a mode.
  const yaml = parseDocument(source, { schema: "failsafe" });
  const [error] = yaml.errors;
  if (error) throw unreadable(what, error);
  const raw = checkShape(definitionSchema, plainValue(yaml, what), what, "DEFINITION_INVALID");
  const values = templateValues(raw.metadata, raw.variables);
  const fill = (value: string, where: string) => fillTemplate(value, values, where);
  const artifacts = raw.artifacts.map((artifact) => ({
    name: fill(artifact.name, "an artifact's name"),
    origin: fill(artifact.origin, `the origin of ${artifact.name}`),
    target: fill(artifact.target, `the target of ${artifact.name}`),
    ...(artifact.platform && { platform: fill(artifact.platform, `the platform of ${artifact.name}`) }),
  }));
  requireUnique(
    artifacts.map(({ name }) => name),
    what,
  );
  return {
    ...raw.metadata,
    variables: raw.variables,
    artifacts,
    ...(raw.entrypoint && {
      entrypoint: {
        script: fill(raw.entrypoint.script, "the entrypoint"),
        executable:
          raw.entrypoint.mode === undefined || (Number.parseInt(raw.entrypoint.mode, 8) & 0o111) !== 0,
      },
    }),
  } as Definition;
}

/** Aliases of aliases grow to any size; the parser counts them, and gives up. */
function plainValue(yaml: ReturnType<typeof parseDocument>, what: string): unknown {
  try {
    return yaml.toJS();
  } catch (cause) {
    throw unreadable(what, cause);
  }
}

/** The first line says what and where; the others quote the source. */
function unreadable(what: string, cause: unknown): SealiftError {
  const [reason = ""] = reasonOf(cause).split("\n");
  return new SealiftError("DEFINITION_INVALID", `Cannot read ${what}: ${reason.replace(/:$/, "")}`, {
    cause,
  });
}

function templateValues(
  metadata: Record<string, string | undefined>,
  variables: Record<string, string>,
): TemplateValues {
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(metadata))
    if (value !== undefined) values[`metadata.${key}`] = value;
  for (const [key, value] of Object.entries(variables))
    values[`variables.${key}`] = fillTemplate(value, values, `variable ${key}`);
  return values;
}

function requireUnique(names: readonly string[], what: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name))
      throw new SealiftError("DEFINITION_INVALID", `Cannot read ${what}: two artifacts are named "${name}"`);
    seen.add(name);
  }
}
