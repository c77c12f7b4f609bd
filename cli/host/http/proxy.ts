/** Which proxy the environment names for a URL: the variables, and their exceptions, that curl and Go's programs read. */
import { SealiftError } from "../../../src/error.ts";
import { isLoopback } from "../../../src/registry/endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * HTTP_PROXY or HTTPS_PROXY by the URL's protocol, unless NO_PROXY names its
 * host; in small letters they count first, as with curl. Throws USAGE for one
 * that speaks neither HTTP nor HTTPS.
 */
export function proxyFor(url: URL, env: Environment): URL | undefined {
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const text = env[name.toLowerCase()] || env[name];
  // As every client does it: what runs on this machine is not asked for through a proxy.
  if (!text || isLoopback(url.hostname) || isExempt(url, env.no_proxy || env.NO_PROXY || ""))
    return undefined;
  const proxy = URL.parse(text.includes("://") ? text : `http://${text}`);
  if (proxy?.hostname && ["http:", "https:"].includes(proxy.protocol) && hasReadableLogin(proxy))
    return proxy;
  // Its login is in it.
  throw new SealiftError("USAGE", `Cannot use ${name}: it is no proxy's http:// or https:// address`, {
    hint: "Proxies are named like http://proxy.example:3128; those of the SOCKS protocol are not known.",
  });
}

function hasReadableLogin(proxy: URL): boolean {
  try {
    return Boolean(proxyLogin(proxy));
  } catch {
    return false;
  }
}

/** What goes to the proxy with a request, where its address has a login. */
export function proxyLogin({ username, password }: URL): Readonly<Record<string, string>> {
  if (!username && !password) return {};
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(login).toString("base64")}` };
}

/** Names and addresses between commas: `*`, `example.com` with all below it, `.example.com`, `host:port`, `10.0.0.0/8`. */
function isExempt(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const entries = list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  return entries.some((entry) => {
    if (entry === "*") return true;
    if (entry.includes("/")) return isInSubnet(host, entry);
    const [name, itsPort = port] = splitPort(entry);
    return itsPort === port && (host === name || host.endsWith(`.${name}`));
  });
}

function splitPort(entry: string): readonly [name: string, port?: string] {
  // The last part of such an address is no port.
  if (process.getBuiltinModule("node:net").isIPv6(entry)) return [entry];
  const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  const bare = name.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
  return port === undefined ? [bare] : [bare, port];
}

function isInSubnet(host: string, entry: string): boolean {
  const { BlockList, isIP } = process.getBuiltinModule("node:net");
  const [network = "", bits] = entry.split("/");
  const family = isIP(host);
  if (family === 0 || family !== isIP(network) || !(Number(bits) <= (family === 4 ? 32 : 128))) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const subnet = new BlockList();
  subnet.addSubnet(network, Number(bits), type);
  return subnet.check(host, type);
}
