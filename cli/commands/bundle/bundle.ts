import type { Command } from "commander";
import { addBuild } from "./build.ts";
import { addExtract } from "./extract.ts";
import { addInfo } from "./info.ts";
import { addPull } from "./pull.ts";
import { addPush } from "./push.ts";
import { addSign } from "./sign.ts";
import { addVerify } from "./verify.ts";

/** `bundle …`: everything about .bundle files. */
export function addBundle(program: Command, exit: (code: number) => void): void {
  const bundle = program
    .command("bundle")
    .summary("pack, sign, verify, move bundles")
    .description("Pack images and files into one sealed file, and take them out again on the other side.")
    .addHelpText("after", HELP);
  addBuild(bundle, exit);
  addSign(bundle, exit);
  addVerify(bundle, exit);
  addInfo(bundle, exit);
  addExtract(bundle, exit);
  addPush(bundle, exit);
  addPull(bundle, exit);
}

const HELP = `
Example:
  $ sealift bundle build -f hello.sealift.yml
  $ sealift bundle sign hello.bundle --key release.key
  $ sealift bundle verify hello.bundle --key release.pub
`;
