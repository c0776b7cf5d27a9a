import { networkInterfaces } from "node:os";
import { UDP_SLOT } from "../../addon/layout.js";
import { Address } from "../../valve/values/address.js";
import { parseIP } from "../../valve/values/parse-ip.js";
import type { IConnectionHandle } from "../socket.js";
import { UdpHandle } from "./udp-handle.js";

/** An address as numbers, so that reading it from a packet makes no object. */
export class UdpBatchHandle extends UdpHandle {
  // Four bytes of the IPv6 address each, in memory order. Signed numbers: half of the unsigned ones would be heap
  // objects.
  #ip0 = 0;
  #ip1 = 0;
  #ip2 = 0;
  #ip3 = 0;
  #scope = 0;
  #port = 0;

  /** @param host a numeric address, with a `%zone` if it is link-local */
  static of(host: string, port: number): UdpBatchHandle {
    const { ip, scope } = parseHost(host);
    const handle = new UdpBatchHandle();
    const words = new Int32Array(UDP_SLOT.payload / 4);
    new Uint8Array(words.buffer).set(ip, UDP_SLOT.ip);
    words[UDP_SLOT.scope / 4] = scope;
    words[UDP_SLOT.port / 4] = port;
    handle.read(words, 0);
    return handle;
  }

  /** Takes the address of the slot that starts at `word`. */
  read(words: Int32Array, word: number): void {
    this.#ip0 = words[word] as number;
    this.#ip1 = words[word + 1] as number;
    this.#ip2 = words[word + 2] as number;
    this.#ip3 = words[word + 3] as number;
    this.#scope = words[word + UDP_SLOT.scope / 4] as number;
    this.#port = words[word + UDP_SLOT.port / 4] as number;
  }

  /** Puts the address into the slot that starts at `word`. */
  write(words: Int32Array, word: number): void {
    words[word] = this.#ip0;
    words[word + 1] = this.#ip1;
    words[word + 2] = this.#ip2;
    words[word + 3] = this.#ip3;
    words[word + UDP_SLOT.scope / 4] = this.#scope;
    words[word + UDP_SLOT.port / 4] = this.#port;
  }

  get port(): number {
    return this.#port;
  }

  /** The numeric address. Its zone is the number of the interface. */
  get host(): string {
    const words = Int32Array.of(this.#ip0, this.#ip1, this.#ip2, this.#ip3);
    const text = parseIP(new Uint8Array(words.buffer));
    return this.#scope === 0 ? text : `${text}%${this.#scope}`;
  }

  copy(): UdpBatchHandle {
    const copy = new UdpBatchHandle();
    copy.#ip0 = this.#ip0;
    copy.#ip1 = this.#ip1;
    copy.#ip2 = this.#ip2;
    copy.#ip3 = this.#ip3;
    copy.#scope = this.#scope;
    copy.#port = this.#port;
    return copy;
  }

  equals(other: IConnectionHandle): boolean {
    return (
      other instanceof UdpBatchHandle &&
      other.#ip3 === this.#ip3 &&
      other.#port === this.#port &&
      other.#ip2 === this.#ip2 &&
      other.#ip1 === this.#ip1 &&
      other.#ip0 === this.#ip0 &&
      other.#scope === this.#scope
    );
  }
}

/** The bytes of a numeric address, and the number of the interface named by its `%zone`. */
export function parseHost(host: string): { ip: Uint8Array; scope: number } {
  const [text = "", zone] = host.split("%");
  const address = new Address();
  address.setAddress(text, 0);
  return { ip: address.ip, scope: zone === undefined ? 0 : scopeOf(zone) };
}

function scopeOf(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  const known = networkInterfaces()[zone]?.find(({ family }) => family === "IPv6");
  return known?.family === "IPv6" ? known.scopeid : 0;
}
