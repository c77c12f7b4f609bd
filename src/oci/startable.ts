import { SealiftError } from "../error.ts";
import type { ImageConfig } from "./config.ts";

/**
 * The first of a config's fields that has a NUL in what the kernel takes as
 * text of its own (execve(2), chdir(2)): there a NUL is the end, so that
 * another command or variable would be started than the one that is shown.
 */
export function fieldWithNul({ config }: Pick<ImageConfig, "config">): string | undefined {
  const { Env, Entrypoint, Cmd, WorkingDir, User } = config ?? {};
  const fields = { Env, Entrypoint, Cmd, WorkingDir: [WorkingDir ?? ""], User: [User ?? ""] };
  const [found] = Object.entries(fields).find(([, texts]) => texts?.some(hasNul)) ?? [];
  return found && `config.${found}`;
}

/** Refuses an image whose process no kernel starts. Throws CONFIG_INVALID. */
export function requireStartable(image: Pick<ImageConfig, "config">): void {
  const field = fieldWithNul(image);
  if (field === undefined) return;
  throw new SealiftError("CONFIG_INVALID", `Cannot start image: ${field} has a NUL in it`, {
    hint: "No program can be given it; `sealift check` tells whether the image is sound otherwise.",
  });
}

function hasNul(text: string): boolean {
  return text.includes("\0");
}
