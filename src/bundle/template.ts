import { SealiftError } from "../error.ts";

/** Values by dotted path: `metadata.version`, `variables.app`. */
export type TemplateValues = Readonly<Record<string, string>>;

const PLACEHOLDER = /\{\{\s*([^{}]*?)\s*\}\}/g;

/**
 * Replaces `{{path}}`. There is no logic and no escape: manifests are
 * untrusted input. An undefined path is an error, never an empty string.
 */
export function fillTemplate(text: string, values: TemplateValues, where: string): string {
  return text.replace(PLACEHOLDER, (_, path: string) => {
    if (Object.hasOwn(values, path)) return values[path] as string;
    const known = Object.keys(values).join(", ");
    throw new SealiftError(
      "DEFINITION_INVALID",
      `Cannot fill {{${path}}} in ${where}: it is not defined; there are ${known}`,
    );
  });
}
