import { native } from "../../addon/native.js";

/** What the addon can wake. */
export interface Reader {
  readonly ownerId: number;
  readable(): void;
}

/**
 * The readers by owner. A reader that has something open is held, so that it lives as long as a wake-up can come. One
 * that has nothing open lives only while its user holds it.
 */
const held = new Map<number, Reader>();
const idle = new Map<number, WeakRef<Reader>>();

native.setWake((owner) => {
  const reader = held.get(owner) ?? idle.get(owner)?.deref();
  reader?.readable();
});

/** Wakes `reader` from now on. `isOpen`: it has something open. */
export function holdReader(reader: Reader, isOpen: boolean): void {
  if (isOpen) {
    idle.delete(reader.ownerId);
    held.set(reader.ownerId, reader);
  } else {
    held.delete(reader.ownerId);
    idle.set(reader.ownerId, new WeakRef(reader));
  }
}

/** Stops waking the reader of `owner`. */
export function dropReader(owner: number): void {
  held.delete(owner);
  idle.delete(owner);
}
