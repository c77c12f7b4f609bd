import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { SealiftError } from "../../src/error.ts";
import { checkLogin } from "../../src/registry/check-login.ts";
import { homeFolder } from "../host/home-folder.ts";
import { loginFile, removeLogin, storeLogin } from "../host/login-file.ts";
import { canonicalRegistry } from "../host/registry-name.ts";
import type { GlobalOptions } from "./options.ts";
import { askSecret } from "./password.ts";
import { runCommand } from "./run.ts";

interface LoginOptions extends GlobalOptions {
  readonly username: string;
  readonly passwordStdin?: boolean;
  readonly insecure?: boolean;
}

/** `login REGISTRY`: a registry's user name and password, checked and kept. */
export function addLogin(program: Command, exit: (code: number) => void): void {
  program
    .command("login")
    .summary("keep a registry's login")
    .description("Ask a registry whether it takes a user name and password, and keep them.")
    .argument("<registry>", "host[:port], for example ghcr.io")
    .requiredOption("-u, --username <name>", "user name")
    .option("--password-stdin", "read the password from standard input instead of asking for it")
    .option("--insecure", "speak HTTP to a registry that is not on this machine")
    .addHelpText("after", LOGIN_HELP)
    .action(async (registry: string, options: LoginOptions) => {
      // The name is for the login itself, not for requests in general.
      const { username, ...global } = options;
      exit(await runCommand(global, (context) => login(registry, username, options, context)));
    });
}

/** `logout REGISTRY`: what `login` kept is removed. */
export function addLogout(program: Command, exit: (code: number) => void): void {
  program
    .command("logout")
    .summary("forget a registry's login")
    .description("Remove what `sealift login` keeps for a registry.")
    .argument("<registry>", "host[:port]")
    .addHelpText("after", "\nExample:\n  $ sealift logout ghcr.io\n")
    .action(async (registry: string, options: GlobalOptions) => {
      exit(await runCommand(options, (context) => logout(registry, context)));
    });
}

const LOGIN_HELP = `
The login is kept in $XDG_CONFIG_HOME/sealift/auth.json (~/.config/sealift),
readable by you alone, encoded but not encrypted. Sealift also uses the logins
of docker and podman, and their credential helpers, as they are.

Examples:
  $ sealift login registry.example.com -u ada
  $ echo "$TOKEN" | sealift login ghcr.io -u ada --password-stdin
`;

type Context = Parameters<Parameters<typeof runCommand>[1]>[0];

async function login(
  registry: string,
  username: string,
  options: LoginOptions,
  { host, output }: Context,
): Promise<undefined> {
  const { passwordStdin, insecure } = options;
  refuseColon(username);
  const password = passwordStdin
    ? await passwordFromStdin()
    : await askSecret("Password: ", "--password-stdin");
  const credential = { username, password, origin: "login" };
  if (!(await checkLogin(host, registry, credential, { insecure }))) {
    host.log({
      type: "warning",
      message: `${registry} lets everybody in: whether it takes this password is not known`,
    });
  }
  const file = loginFile(process.env, homeFolder());
  await storeLogin(file, registry, credential);
  await output.result({ registry, username, file }, () => `Login succeeded for ${registry}\n`);
}

async function logout(registry: string, { output }: Context): Promise<undefined> {
  const file = loginFile(process.env, homeFolder());
  if (!(await removeLogin(file, registry))) {
    throw new SealiftError(
      "NOT_FOUND",
      `Cannot log out of ${registry}: there is no login for it in ${file}`,
      {
        hint: `A login of docker or podman ends with their own logout (canonical name: ${canonicalRegistry(registry)}).`,
      },
    );
  }
  await output.result({ registry, file }, () => `Removed the login for ${registry}\n`);
}

/** One line's end belongs to `echo`, not to the password. */
async function passwordFromStdin(): Promise<string> {
  const password = (await text(process.stdin)).replace(/\r?\n$/, "");
  if (password !== "") return password;
  throw new SealiftError("USAGE", "Cannot log in: standard input has no password");
}

/** RFC 7617: what stands before the first colon is the user name. */
function refuseColon(username: string): void {
  if (username === "" || username.includes(":"))
    throw new SealiftError(
      "USAGE",
      `Cannot log in as "${username}": a user name is not empty and has no colon`,
    );
}
