import { native } from "../../addon/native.js";

/** What is woken: a `NetworkingSockets` with its callback. */
export interface Reader {
  readonly ownerId: number;
  readable(): void;
}

/**
 * The readers by owner. One with something open is held here, so that it lives as long as a wake-up can come; without
 * anything open it is up to its user.
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

/** Wakes the reader of `owner` no more. */
export function dropReader(owner: number): void {
  held.delete(owner);
  idle.delete(owner);
}
