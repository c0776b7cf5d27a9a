import { native } from "../../addon/native.js";

/** What the addon can wake. */
export interface Reader {
  readonly ownerId: number;
  readable(): void;
  /** The library has closed all that it had open, without an event. */
  closedAll(): void;
}

/**
 * The readers by owner. A reader that has something open is held, so that it lives as long as a wake-up can come, which
 * for a connection that is being closed is until its last event: whoever awaits that holds nothing. A reader that has
 * nothing open lives only while its user holds it.
 */
const held = new Map<number, Reader>();
const idle = new Map<number, WeakRef<Reader>>();

native.setWake((owner) => {
  const reader = held.get(owner) ?? idle.get(owner)?.deref();
  reader?.readable();
});

/** Wakes `reader` from now on. `isOpen`: an event or a message can still come. */
export function holdReader(reader: Reader, isOpen: boolean): void {
  if (isOpen) {
    idle.delete(reader.ownerId);
    held.set(reader.ownerId, reader);
  } else {
    held.delete(reader.ownerId);
    idle.set(reader.ownerId, new WeakRef(reader));
  }
}

/** The library has been given back, and nothing is open any more. */
export function releaseReaders(): void {
  for (const reader of [...held.values()]) reader.closedAll();
}

/** Stops waking the reader of `owner`. */
export function dropReader(owner: number): void {
  held.delete(owner);
  idle.delete(owner);
}
