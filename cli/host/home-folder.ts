import { homedir } from "node:os";
import { isAbsolute } from "node:path";

/**
 * The user's home. One whom the system does not know has the root folder, as
 * containers have it; so has one whose HOME is no absolute path, for what lies
 * in the folder where a command is run may be anybody's.
 */
export function homeFolder(): string {
  try {
    const home = homedir();
    if (isAbsolute(home)) return home;
  } catch {
    // The system says nothing of this user.
  }
  return "/";
}
