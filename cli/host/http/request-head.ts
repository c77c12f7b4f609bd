/** What stands before a request's body (RFC 9112, "Message Format"). */

/** RFC 9110, "Tokens" and "Field Values": whatever else stood in one would be read as a header or request of its own. */
const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** As latin1. Throws where a header is none. */
export function requestHead(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>>,
): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    // The value may be a secret.
    if (!NAME.test(name) || !VALUE.test(value))
      throw new Error(`the header "${name}" has a character that none may have`);
    return `${name}: ${value}\r\n`;
  });
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
