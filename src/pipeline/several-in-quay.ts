import { ahead } from "../bytes/ahead.ts";
import { counted, SealiftError } from "../error.ts";
import { isRepositoryName, isTag, type Reference } from "../oci/reference.ts";
import { type QuayOrganisation, quayOrganisation } from "../registry/quay.ts";
import { DEFAULT_JOBS } from "../sink/put-manifest.ts";
import { matchesPattern } from "./name-pattern.ts";
import { noneFound } from "./none-found.ts";
import type { OpenSources } from "./schemes.ts";
import { noteWithout, registrySourceImage } from "./several-in-registry.ts";
import type { Uri } from "./uri.ts";
import { allowSourceOptions, insecureOption } from "./uri-options.ts";

/** Quay's own, unless `?host=` names another one that runs it. */
const QUAY = "quay.io";

/** Quay takes an OAuth token as the password of this user. */
const TOKEN_USER = "$oauthtoken";

/** The images `ORGANISATION/PATTERN:TAG` at Quay; `*` and `latest` where they are not given. */
export const severalInQuay: OpenSources = async (uri, host, options) => {
  allowSourceOptions(uri, options, "host", "token", "label", "insecure");
  const { organisation, pattern, tag } = parsePath(uri);
  const label = labelOption(uri);
  const registry = uri.options.get("host") ?? QUAY;
  const token = uri.options.get("token") ?? uri.password;
  const insecure = insecureOption(uri, options);
  const quay = quayOrganisation(host, registry, organisation, { insecure, ...(token && { token }) });
  const names = (await quay.repositories()).filter((name) => matchesPattern(name, pattern));
  const images: Reference[] = [];
  const without: string[] = [];
  const checked = ahead(names, options.jobs ?? DEFAULT_JOBS, async (name) => ({
    name,
    fit: await judge(quay, name, tag, label),
  }));
  for await (const { name, fit } of checked) {
    const repository = `${organisation}/${name}`;
    if (fit === "fits") images.push({ registry, repository, tag });
    else if (fit === "no tag") without.push(repository);
  }
  noteWithout(without, tag, host);
  if (images.length === 0)
    throw noneFound(uri, `${registry} has none in ${counted(names.length, "repository", "repositories")}`);
  const source = { ...uri, ...(token && { username: TOKEN_USER, password: token }) };
  return images.map((reference) => registrySourceImage(reference, source, host, options));
};

interface Label {
  readonly key: string;
  readonly value: string;
}

async function judge(
  quay: QuayOrganisation,
  name: string,
  tag: string,
  label: Label | undefined,
): Promise<"fits" | "no tag" | "no label"> {
  const manifest = await quay.tag(name, tag);
  if (!manifest) return "no tag";
  if (!label || (await quay.hasLabel(name, manifest, label.key, label.value))) return "fits";
  return "no label";
}

function parsePath({ path }: Uri) {
  const slash = path.indexOf("/");
  const organisation = slash < 0 ? path : path.slice(0, slash);
  const rest = slash < 0 ? "" : path.slice(slash + 1);
  const colon = rest.lastIndexOf(":");
  const pattern = (colon < 0 ? rest : rest.slice(0, colon)) || "*";
  const tag = (colon < 0 ? "" : rest.slice(colon + 1)) || "latest";
  if (!isRepositoryName(organisation)) {
    throw new SealiftError("URI_INVALID", `Cannot use quay://${path}: "${organisation}" is no organisation`);
  }
  if (!isTag(tag)) throw new SealiftError("URI_INVALID", `Cannot use quay://${path}: "${tag}" is not a tag`);
  return { organisation, pattern, tag };
}

function labelOption({ options }: Uri): Label | undefined {
  const text = options.get("label");
  if (text === undefined) return undefined;
  const [key = "", ...value] = text.split("=");
  if (key !== "" && value.length > 0) return { key, value: value.join("=") };
  throw new SealiftError("URI_INVALID", `Cannot read option label: "${text}" is not KEY=VALUE`);
}
