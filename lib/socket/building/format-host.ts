/** `1.2.3.4:7777`, `[2001:db8::1]:7777`. */
export function formatHost(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
