import type { IncomingMessage, ServerResponse } from "node:http";

/** Where a page finds the same server over WebTransport. */
export interface Announcement {
  /** The UDP port. */
  readonly port: number;
  /** `certificateHashes` of the factory; none if an authority has signed the certificate. */
  readonly hashes: readonly string[];
}

/** Whether pages of an origin may connect. What is no page sends no origin. */
export const isAllowed = (origins: readonly string[] | undefined, origin: string | undefined): boolean =>
  origins === undefined || origin === undefined || origins.includes(origin);

/** Answers with `announcement` to pages that may connect; 404 if there is none. */
export function announce(
  { method, headers: { origin } }: IncomingMessage,
  response: ServerResponse,
  origins: readonly string[] | undefined,
  announcement: Announcement | null,
): void {
  const isReading = method === "GET" || method === "HEAD";
  const isHere = announcement !== null;
  const status = !isAllowed(origins, origin) ? 403 : !isReading ? 405 : isHere ? 200 : 404;
  const body = status === 200 ? JSON.stringify(announcement) : "";
  response.writeHead(status, {
    // Without a list, every page may read it.
    ...(status !== 403 && origin !== undefined && { "Access-Control-Allow-Origin": origins ? origin : "*" }),
    ...(status === 405 && { Allow: "GET, HEAD" }),
    Vary: "Origin",
    "Cache-Control": "no-store",
    "Content-Type": "application/json",
    "Content-Length": body.length,
    Connection: "close",
  });
  response.end(body);
}
