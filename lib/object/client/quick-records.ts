import { LOW_HALF } from "../../serialization/bits.js";
import type { NetworkReader } from "../../serialization/index.js";
import type { ItemMap } from "../collections/item-map.js";
import { itemOfShortStart, shortStartOf } from "../wire/latest-format.js";
import type { ClientObject } from "./client-object.js";

/** Longer packets are read without this. The managers write shorter ones. */
const MAX_BYTES = 1536;

/** The packet that is read, as bytes and in words of 32 bits; and two more words, which are looked at and not used. */
const words = new Int32Array(MAX_BYTES / 4 + 2);
const bytes = new Uint8Array(words.buffer);

/** The order of the bytes in a number is the one of messages. */
const IS_LITTLE_ENDIAN = LOW_HALF === 0;

/**
 * Reads records of latest state that have nothing but members of a fixed width: most of them. The packet is copied to
 * memory that stays, from which 32 bits are taken at once, and one look at what is left replaces those of each read.
 */
export class QuickRecords {
  /** The number of the object that was read last, here or by whoever reads the other records. */
  item = 0;
  #endBits = 0;

  /** The packet whose records follow. */
  begin(packet: Uint8Array): void {
    const isRead = IS_LITTLE_ENDIAN && packet.length <= MAX_BYTES;
    if (isRead) bytes.set(packet);
    this.#endBits = isRead ? packet.length * 8 : 0;
  }

  /**
   * Reads the records up to one of another kind, one too close to the end of the packet, or the end. Those of objects
   * that this client owns are of another kind.
   *
   * @param reader is behind the last of them then
   * @throws NetworkError `ERR_BAD_VALUE`
   */
  read(reader: NetworkReader, tick: number, objects: ItemMap<ClientObject>): void {
    const end = this.#endBits;
    let { item } = this;
    let position = reader.bitPosition;
    for (;;) {
      // As in generated code (`bitsOfWords`).
      const at = position >>> 5;
      const next = ((words[at] as number) >>> position) | (((words[at + 1] as number) << 1) << ~position);
      const startBits = shortStartOf(next);
      if (startBits === 0) break;
      const number = itemOfShortStart(next, item);
      const object = objects.get(number);
      if (object === undefined || ((tick - object.spawnTick) | 0) <= 0) break;
      const { simpleBits, quickBits } = object.audience;
      if (quickBits === 0 || position + quickBits > end) break;
      item = number;
      object.latestTick = tick;
      position += startBits + simpleBits;
      const members = (next >>> startBits) & ((1 << simpleBits) - 1);
      if (members !== 0) position = object.first.readAt?.(words, position, members) ?? position;
    }
    this.item = item;
    reader.seek(position);
  }
}
