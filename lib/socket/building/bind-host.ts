/** The default, and every address. */
const CLEAR_HOSTS = ["localhost", "::", "0.0.0.0"];
let isTold = false;

/**
 * Where a server listens, null: at every address. `host` is what clients connect to; a server that was given a `host`
 * and no `bindHost` may be meant to listen there only, so a warning tells once how.
 */
export function bindHostOf(host: string | undefined, bindHost: string | null | undefined): string | null {
  const isUnclear = host !== undefined && !CLEAR_HOSTS.includes(host) && typeof bindHost !== "string";
  if (!isUnclear || isTold) return bindHost ?? null;
  isTold = true;
  process.emitWarning(
    `The server listens at every address: \`host\` (${host}) is for clients, \`bindHost\` for servers`,
  );
  return null;
}
