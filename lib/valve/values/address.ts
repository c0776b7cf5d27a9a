import { isIPv4, isIPv6 } from "node:net";
import { checkInteger, typeError } from "../../arguments.js";
import { isMappedIPv4, parseIP } from "./parse-ip.js";

/**
 * An IP address and a port (ValveSockets README). A new one is `[::]:0`; as an address to listen on, `[::]` takes IPv6
 * and IPv4. Names are not looked up.
 */
export class Address {
  /** 16 bytes in network order; an IPv4 address is `::ffff:a.b.c.d`. */
  ip: Uint8Array = new Uint8Array(16);
  /** 0 to 65535. 0 lets `createListenSocket` choose. */
  port = 0;

  /** Whether it is `::1` or `127.0.0.1`. */
  get isLocalHost(): boolean {
    const text = this.getIP();
    return text === "::1" || text === "127.0.0.1";
  }

  /**
   * Makes this `[::1]:port`.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE`: port not within 0-65535 (so in all setters)
   */
  setLocalHost(port: number): void {
    this.setIPv6("::1", port);
  }

  /**
   * Makes this an IPv4 address and a port.
   *
   * @param ip four decimal numbers with dots
   * @throws TypeError `ERR_INVALID_IP_ADDRESS`: not an IPv4 address
   */
  setIPv4(ip: string, port: number): void {
    checkPort(port);
    if (typeof ip !== "string") throw typeError("ip", "a string");
    if (!isIPv4(ip)) throw invalidAddress(ip, "IPv4");
    const bytes = new Uint8Array(16);
    bytes.set([0xff, 0xff, ...ip.split(".").map(Number)], 10);
    this.ip = bytes;
    this.port = port;
  }

  /**
   * Makes this an IPv6 address and a port.
   *
   * @param ip IPv6 text in any form, `::0` for all addresses; zone identifiers (`%eth0`) are refused: GNS has none
   * @throws TypeError `ERR_INVALID_IP_ADDRESS`: not an IPv6 address
   */
  setIPv6(ip: string, port: number): void {
    checkPort(port);
    if (typeof ip !== "string") throw typeError("ip", "a string");
    if (!isIPv6(ip) || ip.includes("%")) throw invalidAddress(ip, "IPv6");
    this.ip = bytesOfIPv6(ip);
    this.port = port;
  }

  /** Takes an IPv6 address if the text has a colon, else an IPv4 address. Throws like the two. */
  setAddress(ip: string, port: number): void {
    if (typeof ip !== "string") throw typeError("ip", "a string");
    if (ip.includes(":")) this.setIPv6(ip, port);
    else if (/[a-z]/i.test(ip)) throw invalidAddress(ip, "IPv4 or IPv6", ": names are not looked up here");
    else this.setIPv4(ip, port);
  }

  /** The address without the port: `127.0.0.1`, `::1`. */
  getIP(): string {
    return parseIP(this.ip);
  }

  /** Whether address and port are the same. */
  equals(other: Address): boolean {
    if (!(other instanceof Address) || this.port !== other.port) return false;
    return this.ip.every((byte, index) => byte === other.ip[index]);
  }

  /** `127.0.0.1:27015` or `[::1]:27015`. */
  toString(): string {
    const text = this.getIP();
    return isMappedIPv4(this.ip) ? `${text}:${this.port}` : `[${text}]:${this.port}`;
  }
}

/** An address from the addon's parts; it keeps `ip` itself. */
export function addressOf(ip: Uint8Array, port: number): Address {
  const address = new Address();
  address.ip = ip;
  address.port = port;
  return address;
}

function checkPort(port: number): void {
  checkInteger("port", port, 0, 65535);
}

function invalidAddress(ip: string, family: string, why = ""): TypeError & { code: string } {
  const text = `${JSON.stringify(ip.slice(0, 64))} is not an ${family} address${why}`;
  return Object.assign(new TypeError(text), { code: "ERR_INVALID_IP_ADDRESS" });
}

/** `ip` is known to be well formed. */
function bytesOfIPv6(ip: string): Uint8Array {
  const [head = "", tail] = ip.split("::");
  const front = bytesOfGroups(head);
  const back = tail === undefined ? [] : bytesOfGroups(tail);
  const bytes = new Uint8Array(16);
  bytes.set(front);
  bytes.set(back, 16 - back.length);
  return bytes;
}

/** The bytes of groups such as `fe80:1:127.0.0.1`. */
function bytesOfGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
