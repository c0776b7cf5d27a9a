import { UDP_SLOT } from "../../addon/layout.js";
import { Address } from "../../valve/values/address.js";
import { parseIP } from "../../valve/values/parse-ip.js";
import type { IConnectionHandle } from "../socket.js";
import { MAX_BATCHED_PACKET_SIZE, UdpHandle } from "./udp-handle.js";
import { scopeOf, zoneOf } from "./zones.js";

/** How many words of a slot are the remote address: the bytes of the IPv6 address, its scope and the port. */
const REMOTE_WORDS = UDP_SLOT.localIp / 4;
/** Those, and the address of this machine that packets came to: an answer has to leave from there. */
const ADDRESS_WORDS = UDP_SLOT.length / 4;
const SCOPE_WORD = UDP_SLOT.scope / 4;
const PORT_WORD = UDP_SLOT.port / 4;

/** A remote address as numbers, so that reading it from a packet makes no object. */
export class UdpBatchHandle extends UdpHandle {
  readonly maxPacketSize = MAX_BATCHED_PACKET_SIZE;
  /** As in a slot. Signed numbers: half of the unsigned ones would be heap objects. */
  readonly #words = new Int32Array(ADDRESS_WORDS);

  /** @param host a numeric address, with a `%zone` if it is link-local */
  set(host: string, port: number): this {
    const { ip, scope } = parseHost(host);
    new Uint8Array(this.#words.buffer).set(ip, UDP_SLOT.ip);
    this.#words[SCOPE_WORD] = scope;
    this.#words[PORT_WORD] = port;
    return this;
  }

  /** Takes the address of the slot that starts at `word`. */
  read(words: Int32Array, word: number): void {
    for (let index = 0; index < ADDRESS_WORDS; index++) this.#words[index] = words[word + index] as number;
  }

  /** Puts the address into the slot that starts at `word`. */
  write(words: Int32Array, word: number): void {
    for (let index = 0; index < ADDRESS_WORDS; index++) words[word + index] = this.#words[index] as number;
  }

  get port(): number {
    return this.#words[PORT_WORD] as number;
  }

  /** The numeric address. Its zone is the name of the interface. */
  get host(): string {
    const text = parseIP(new Uint8Array(this.#words.buffer, UDP_SLOT.ip, UDP_SLOT.scope));
    const scope = this.#words[SCOPE_WORD] as number;
    return scope === 0 ? text : `${text}%${zoneOf(scope)}`;
  }

  copy(): UdpBatchHandle {
    const copy = new UdpBatchHandle();
    copy.#words.set(this.#words);
    return copy;
  }

  equals(other: IConnectionHandle): boolean {
    if (!(other instanceof UdpBatchHandle)) return false;
    for (let index = 0; index < REMOTE_WORDS; index++) {
      if (other.#words[index] !== this.#words[index]) return false;
    }
    return true;
  }
}

/** The server of a client: one object from the first packet on, whichever of its addresses answers. */
export class UdpBatchServerHandle extends UdpBatchHandle {
  override copy(): this {
    return this;
  }
}

/** The bytes of a numeric address, and the number of the interface named by its `%zone`. */
export function parseHost(host: string): { ip: Uint8Array; scope: number } {
  const [text = "", zone] = host.split("%");
  const address = new Address();
  address.setAddress(text, 0);
  return { ip: address.ip, scope: zone === undefined ? 0 : scopeOf(zone) };
}
