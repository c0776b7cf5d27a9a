import { rangeError } from "../arguments.js";
import { quoted } from "../printable.js";
import { type AddressGroups, groupsOf } from "./address.js";

/** The addresses that have the same first bits. */
export class Network {
  readonly #groups: AddressGroups;
  readonly #bits: number;

  /**
   * @param text an address, or a CIDR block such as `10.0.0.0/8`
   * @throws RangeError `ERR_OUT_OF_RANGE` for anything else
   */
  constructor(readonly text: string) {
    const [host = "", bits, ...rest] = String(text).split("/");
    const groups = groupsOf(host);
    const most = host.includes(":") ? 128 : 32;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : most + 1;
    if (!groups || prefix > most || rest.length > 0) {
      throw rangeError("A network", `an address or a CIDR block such as 10.0.0.0/8, not ${quoted(text)}`);
    }
    this.#groups = groups;
    this.#bits = most === 32 ? prefix + 96 : prefix;
  }

  has(groups: AddressGroups): boolean {
    for (let at = 0, bits = this.#bits; bits > 0; at++, bits -= 16) {
      const different = (groups[at] as number) ^ (this.#groups[at] as number);
      if (different >> Math.max(0, 16 - bits) !== 0) return false;
    }
    return true;
  }
}
