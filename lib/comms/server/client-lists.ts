import type { Clock } from "../../clock.js";
import type { ServerClient } from "./server-client.js";

/**
 * The most bytes of a list that leave at once. A queue of the transport (`maxQueuedBytes`: 1 MiB) has room for what all
 * are told meanwhile; 4096 clients with 9 rooms each are more than it holds.
 */
const PART_BYTES = 64 * 1024;
/** The next part leaves so much later. */
const PART_MS = 50;
/** Where the transport takes no more, the list goes on after this time. */
const REFUSED_MS = 1000;

/** A client that is being told who is there. */
interface List<TPeer> {
  readonly to: ServerClient<TPeer>;
  /** Those that it has not been told of: how they are when it is their turn. What changes, everybody hears at once. */
  readonly untold: Set<ServerClient<TPeer>>;
  dueMs: number;
}

/** What a session does for its lists. */
export interface ListsOwner<TPeer> {
  readonly clock: Clock;
  /** Tells `to` of `client` and its rooms. @returns the bytes of that; -1: the transport does not take all of it now */
  tell(to: ServerClient<TPeer>, client: ServerClient<TPeer>): number;
  /** Tells `to` that it has been told of everybody. @returns false: the transport does not take it now */
  tellDone(to: ServerClient<TPeer>): boolean;
}

/** Tells clients who is there, in parts that the queue of a transport has room for. */
export class ClientLists<TPeer> {
  readonly #owner: ListsOwner<TPeer>;
  readonly #lists = new Map<ServerClient<TPeer>, List<TPeer>>();

  constructor(owner: ListsOwner<TPeer>) {
    this.#owner = owner;
  }

  /** How many clients are being told. */
  get count(): number {
    return this.#lists.size;
  }

  /** When `update` has something to do next. */
  get deadlineMs(): number {
    let deadlineMs = Number.POSITIVE_INFINITY;
    for (const { dueMs } of this.#lists.values()) deadlineMs = Math.min(deadlineMs, dueMs);
    return deadlineMs;
  }

  /** `to` is told of all `clients`, from the beginning: what fits into a part at once. */
  begin(to: ServerClient<TPeer>, clients: Iterable<ServerClient<TPeer>>): void {
    const list = { to, untold: new Set(clients), dueMs: 0 };
    this.#lists.set(to, list);
    this.#tellPart(list);
  }

  /** `to` is told no more. */
  end(to: ServerClient<TPeer>): void {
    this.#lists.delete(to);
  }

  /** `client` is gone. */
  remove(client: ServerClient<TPeer>): void {
    this.#lists.delete(client);
    for (const { untold } of this.#lists.values()) untold.delete(client);
  }

  /** Sends the parts that are due. */
  update(nowMs: number): void {
    for (const list of this.#lists.values()) if (nowMs >= list.dueMs) this.#tellPart(list);
  }

  #tellPart(list: List<TPeer>): void {
    const { to, untold } = list;
    let left = PART_BYTES;
    for (const client of untold) {
      if (left <= 0) break;
      const bytes = this.#owner.tell(to, client);
      if (this.#lists.get(to) !== list) return; // It has ended inside the transport.
      if (bytes < 0) {
        this.#wait(list, REFUSED_MS);
        return;
      }
      left -= bytes;
      untold.delete(client);
    }
    if (untold.size > 0) this.#wait(list, PART_MS);
    else if (this.#owner.tellDone(to)) this.#lists.delete(to);
    else this.#wait(list, REFUSED_MS);
  }

  #wait(list: List<TPeer>, forMs: number): void {
    list.dueMs = this.#owner.clock.now() + forMs;
  }
}
