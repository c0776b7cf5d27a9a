/** `1.2.3.4:7777`, `[2001:db8::1]:7777`. */
export function formatHost(host: string, port: number): string {
  const plain = withoutMapping(host);
  return plain.includes(":") ? `[${plain}]:${port}` : `${plain}:${port}`;
}

/** An IPv4 address as such, where a socket of both families has it as `::ffff:1.2.3.4`. */
export function withoutMapping(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** The parts of `1.2.3.4:7777`, `name:7777`, `[::1]:7777` or the same without a port (null); null for other texts. */
export function parseHost(text: string): { host: string; port: number | null } | null {
  const [, inBrackets, plain, digits] = /^(?:\[([\da-f:.%\w]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = inBrackets ?? plain;
  return host === undefined ? null : { host, port: digits === undefined ? null : Number(digits) };
}
