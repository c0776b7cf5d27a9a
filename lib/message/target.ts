import { parseHost } from "../format-host.js";
import { groupsOf, hostOf, isIPv4, octetsOf } from "../guard/address.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import { connectError, describeServer } from "../peer/peer-error.js";
import { DisconnectCode, type DisconnectReason, type IConnectEndPoint, type SocketFactory } from "../socket/index.js";
import type { Ending } from "./players/connection-lost.js";
import { isUrl, type SentDoor } from "./protocol/door.js";

/** Where a client's server is. */
export interface Target {
  readonly factory: SocketFactory;
  readonly endPoint: IConnectEndPoint;
  /** The key that the client pins there; undefined: that of its options, if any. */
  readonly serverKey?: string | undefined;
}

/** The server, for errors; in host mode there is no target. */
export function serverNameOf(target: Target | null): string {
  return target ? describeServer(target.factory, target.endPoint) : "The server";
}

/** How the connection to the server has ended, for the errors of what waited for it. */
export const endingOf = (target: Target | null, reason: DisconnectReason): Ending => ({
  place: serverNameOf(target).replace("The", "the"),
  reason,
});

/**
 * Where a door leads, of which a server speaks.
 *
 * @param from the target and the connection of that server
 * @throws NetworkError `ERR_REDIRECT_REFUSED`
 */
export function targetOf(door: SentDoor, from: Target, { handle, security }: LibraryConnection): Target {
  const { factory } = from;
  const kind = factory.addressKind ?? handle.transport;
  const address = door.addresses.find((one) => one.kind === kind)?.address;
  if (address === undefined) throw refused(`${serverNameOf(from)} knows no address over ${kind} there`);
  const place = isUrl(address) ? { host: address, port: undefined } : parseHost(address);
  if (!place || place.port === null) throw refused(`${serverNameOf(from)} names what is no address`);
  if (isPublic(hostOf(handle.address)) && !isPublic(hostIn(address) ?? place.host))
    throw refused(`${serverNameOf(from)} leads into a private network`);
  // Whoever is in the middle of a connection has a key too.
  const given = security === "authenticated" && door.serverKey !== "" ? door.serverKey : undefined;
  try {
    return {
      factory,
      endPoint: factory.getConnectEndPoint(place.host, place.port),
      serverKey: given ?? from.serverKey,
    };
  } catch {
    throw refused(`${serverNameOf(from)} names what is no address over ${kind}`);
  }
}

export const refused = (text: string) => connectError({ code: DisconnectCode.RedirectRefused, text });

const hostIn = (url: string): string | null =>
  isUrl(url) && URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : null;

/**
 * Whether a host is one of the Internet, as far as its name or address can say: not loopback, private (RFC 1918, RFC
 * 4193), shared (RFC 6598), link-local, reserved or for groups, and no name without a dot. A name has letters of ASCII:
 * resolvers and URLs read `127.0.0.１` and `127.0.0.1?.com` as addresses.
 */
export function isPublic(host: string): boolean {
  const groups = groupsOf(host.replace(/%.*$/, ""));
  if (!groups) return PUBLIC_NAME.test(host);
  if (isIPv4(groups)) return isPublicIPv4(octetsOf(groups) as [number, number]);
  const [first = 0] = groups;
  return first >> 8 < 0xfc && groups.slice(0, 6).some((group) => group !== 0);
}

/** Its last label is none of those of private networks, and no number. */
const PUBLIC_NAME = /^(?:[-\w]+\.)+(?!(?:localhost|local|internal)\.?$)(?!\d+\.?$|0x[\da-f]*\.?$)[-\w]+\.?$/i;

function isPublicIPv4([a, b]: [number, number]): boolean {
  const isLocal = a === 0 || a === 10 || a === 127 || (a === 169 && b === 254) || (a === 192 && b === 168);
  return !isLocal && !(a === 172 && b >> 4 === 1) && !(a === 100 && b >> 6 === 1) && a < 224;
}
