import { groupsOf, textOf } from "./address.js";

/**
 * What the first bytes of a connection from a proxy say: nothing certain before more bytes have come; no PROXY header;
 * or a header of `size` bytes, with whom it names as the client. Null is the proxy itself (its health checks), or a
 * client without an IP address.
 */
export type ProxyHeader =
  | { readonly kind: "incomplete" }
  | { readonly kind: "invalid"; readonly reason: string }
  | {
      readonly kind: "header";
      readonly size: number;
      readonly client: { readonly host: string; readonly port: number } | null;
    };

/** The longest header of version 1, with its line end, by the specification. */
const MAX_TEXT_BYTES = 107;
/** What may follow the 16 bytes of a header of version 2: addresses, and what the proxy adds to them. */
const MAX_BODY_BYTES = 4096;
const FIXED_BYTES = 16;

/** Bytes of an address of each family: none, IPv4, IPv6, a Unix socket's path. */
const addressBytes = [0, 4, 16, 108] as const;
const LOCAL = 0x20;
const PROXY = 0x21;

const textStart = [..."PROXY "].map((letter) => letter.charCodeAt(0));
const binaryStart = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

const incomplete: ProxyHeader = { kind: "incomplete" };
const invalid = (reason: string): ProxyHeader => ({ kind: "invalid", reason });

/**
 * Reads a header of the PROXY protocol, version 1 or 2 (haproxy.org, proxy-protocol.txt). The connection's own bytes
 * follow it. It never throws, and never asks for more than 4112 bytes.
 *
 * @param bytes all that has come so far
 */
export function parseProxyHeader(bytes: Uint8Array): ProxyHeader {
  if (beginsWith(bytes, binaryStart)) return bytes.length < FIXED_BYTES ? incomplete : parseBinary(bytes);
  if (beginsWith(bytes, textStart)) return bytes.length < textStart.length ? incomplete : parseText(bytes);
  return invalid("no PROXY header");
}

/** Whether the bytes begin with `start`, as far as they have come. */
const beginsWith = (bytes: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, at) => at >= bytes.length || bytes[at] === byte);

function parseText(bytes: Uint8Array): ProxyHeader {
  const line = String.fromCharCode(...bytes.subarray(0, MAX_TEXT_BYTES));
  const length = line.indexOf("\r\n");
  if (length < 0) return bytes.length < MAX_TEXT_BYTES ? incomplete : invalid("a line without an end");
  const size = length + 2;
  const [, family, ...fields] = line.slice(0, length).split(" ");
  if (family === "UNKNOWN") return { kind: "header", size, client: null };
  if (family !== "TCP4" && family !== "TCP6") return invalid("an unknown family");
  const [host, destination, port, destinationPort] = fields;
  const isComplete = fields.length === 4 && isPort(port) && isPort(destinationPort);
  const client = hostIn(family, host);
  if (!isComplete || !client || !hostIn(family, destination)) return invalid("malformed addresses");
  return { kind: "header", size, client: { host: client, port: Number(port) } };
}

/** An address of a family as this library writes it; null if it is none. */
function hostIn(family: "TCP4" | "TCP6", text = ""): string | null {
  const isOfFamily = family === "TCP4" ? /^(?:(?:0|[1-9]\d*)(?:\.(?!$)|$)){4}$/.test(text) : text.includes(":");
  const groups = isOfFamily ? groupsOf(text) : null;
  return groups && textOf(groups);
}

const isPort = (text = ""): boolean => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

function parseBinary(bytes: Uint8Array): ProxyHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const command = view.getUint8(12);
  const family = view.getUint8(13) >> 4;
  const transport = view.getUint8(13) & 15;
  const bodyBytes = view.getUint16(14);
  if (command !== LOCAL && command !== PROXY) return invalid("an unknown version or command");
  if (bodyBytes > MAX_BODY_BYTES) return invalid("a header that is too long");
  const size = FIXED_BYTES + bodyBytes;
  if (bytes.length < size) return incomplete;
  if (command === LOCAL) return { kind: "header", size, client: null };
  const hostBytes = addressBytes[family];
  if (hostBytes === undefined || transport > 2) return invalid("an unknown family");
  const isInternet = family === 1 || family === 2;
  if (bodyBytes < 2 * hostBytes + (isInternet ? 4 : 0)) return invalid("malformed addresses");
  if (!isInternet) return { kind: "header", size, client: null };
  const groups = Array.from({ length: hostBytes / 2 }, (_, at) => view.getUint16(FIXED_BYTES + 2 * at));
  const client = textOf(family === 1 ? [0, 0, 0, 0, 0, 0xffff, ...groups] : groups);
  return { kind: "header", size, client: { host: client, port: view.getUint16(FIXED_BYTES + 2 * hostBytes) } };
}
