import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { Masks } from "./object-layout.js";

// What an owner has set: a bit for each member that it may set, then the values of those whose bits are set.

export function writeMasks(writer: NetworkWriter, masks: Masks, allowed: Masks): void {
  for (const [index, may] of allowed.entries()) {
    for (let left = may; left !== 0; left &= left - 1) {
      writer.writeBits(((masks[index] as number) & left & -left) !== 0 ? 1 : 0, 1);
    }
  }
}

/** @throws NetworkError `ERR_END_OF_MESSAGE` */
export function readMasks(reader: NetworkReader, allowed: Masks): number[] {
  return allowed.map((may) => {
    let mask = 0;
    for (let left = may; left !== 0; left &= left - 1) if (reader.readBoolean()) mask |= left & -left;
    return mask;
  });
}
