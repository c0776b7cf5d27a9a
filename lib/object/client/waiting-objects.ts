import type { Clock } from "../../clock.js";
import { NetworkError } from "../../network-error.js";
import { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { Instance } from "../behaviour/prefab.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import type { RecordKind } from "../wire/object-messages.js";
import { Factories } from "../world/factories.js";
import type { ClientObject } from "./client-object.js";

/** What may be held for an object whose behaviours are not there yet, and for how long. */
const MAX_RECORDS = 256;
const MAX_BYTES = 65_536;
const MAX_MS = 30_000;

/** A spawn whose behaviours are not there yet. */
interface Waiting {
  readonly layout: ObjectLayout;
  readonly staticName: string | null;
  /** Null until the spawn is read, and while it is to come once more. */
  object: ClientObject | null;
  readonly records: { kind: RecordKind; tick: number }[];
  readonly bits: NetworkWriter;
  abort: AbortController;
  timer: unknown;
  hasAskedAgain: boolean;
}

interface StaticObject {
  readonly layout: ObjectLayout;
  readonly instance: Instance;
}

/** What waiting objects need of the world. */
export interface WaitingWorld {
  readonly clock: Clock;
  report(error: unknown): void;
  /** Asks the server for the spawn of an object once more. */
  askAgain(netId: number): void;
  /** Applies records that were held. */
  replay(records: readonly { kind: RecordKind; tick: number }[], reader: NetworkReader, object: ClientObject): void;
}

/** The behaviours of a client's objects, which are made or bound, and the objects that wait for them. */
export class WaitingObjects {
  readonly factories = new Factories();
  readonly #statics = new Map<string, StaticObject>();
  readonly #used = new Set<string>();
  readonly #waiting = new Map<number, Waiting>();
  /** Of the object that is replayed. */
  #made: Instance | null = null;
  readonly #world: WaitingWorld;
  readonly #reader = new NetworkReader();
  /** What the event `worldReady` waits for. */
  #awaited: Set<number> | null = null;
  #onReady: () => void = () => {};

  constructor(world: WaitingWorld) {
    this.#world = world;
  }

  /** @returns a function that removes it, and does nothing while the object is in the world */
  addStatic(name: string, layout: ObjectLayout, instance: Instance): () => void {
    if (this.#statics.has(name)) throw new NetworkError("ERR_STATE", `There is a static object ${name} already`);
    const added = { layout, instance };
    this.#statics.set(name, added);
    for (const [netId, waiting] of [...this.#waiting]) {
      if (waiting.staticName !== name) continue;
      if (waiting.object) this.#bind(netId, waiting);
      else this.#world.askAgain(netId);
    }
    return () => {
      if (this.#statics.get(name) === added && !this.#used.has(name)) this.#statics.delete(name);
    };
  }

  /** The behaviours of an object that is spawned; null while they are not there. */
  begin(netId: number, layout: ObjectLayout, staticName: string | null): Instance | null {
    const made = this.#made;
    if (made) {
      this.#made = null;
      return made;
    }
    const before = this.#waiting.get(netId);
    if (before) this.#stop(before);
    const abort = new AbortController();
    if (staticName !== null) {
      const bound = this.#takeStatic(staticName, layout);
      if (bound) {
        this.#waiting.delete(netId);
        return bound;
      }
      this.#wait(netId, layout, staticName, abort, before);
      return null;
    }
    let behaviours: PromiseLike<Instance["behaviours"]>;
    try {
      const created = this.factories.create(layout, abort.signal);
      if ("values" in created) return created;
      behaviours = created;
    } catch (error) {
      behaviours = Promise.reject(error);
    }
    const waiting = this.#wait(netId, layout, staticName, abort, before);
    behaviours.then(
      (made) => {
        if (waiting.abort !== abort || abort.signal.aborted) return;
        try {
          this.#replay(netId, waiting, layout.prefab.bind(made));
        } catch (error) {
          this.#giveUp(netId, waiting, error);
        }
      },
      (error) => {
        if (waiting.abort === abort && !abort.signal.aborted) this.#giveUp(netId, waiting, error);
      },
    );
    return null;
  }

  /** The spawn of a waiting object was read. */
  waits(netId: number, object: ClientObject): void {
    const waiting = this.#waiting.get(netId);
    if (waiting) waiting.object = object;
  }

  /** Holds a record of an object, from bit `start` of `bytes` on. */
  hold({ netId }: ClientObject, kind: RecordKind, tick: number, bytes: Uint8Array, start: number, end: number): void {
    const waiting = this.#waiting.get(netId);
    if (!waiting?.object) return;
    const reader = this.#reader;
    reader.reset(bytes);
    reader.skip(start);
    for (let left = end - start; left > 0; left -= 32) {
      const bits = Math.min(left, 32);
      waiting.bits.writeBits(reader.readBits(bits), bits);
    }
    reader.reset();
    waiting.records.push({ kind, tick });
    if (waiting.records.length > MAX_RECORDS || waiting.bits.byteLength > MAX_BYTES) this.#again(netId, waiting);
  }

  /** A waiting object was despawned. */
  end({ netId }: ClientObject): void {
    const waiting = this.#waiting.get(netId);
    if (!waiting) return;
    this.#stop(waiting);
    this.#settled(netId);
  }

  /** All objects have gone. */
  clear(): void {
    this.#awaited = null;
    for (const [netId, waiting] of [...this.#waiting]) {
      this.#stop(waiting);
      this.#waiting.delete(netId);
    }
  }

  /** An object is in the world no more: its behaviours are free. */
  release({ behaviours, layout, staticName, values }: ClientObject): void {
    if (staticName !== null) this.#used.delete(staticName);
    try {
      this.factories.release(layout, { behaviours: behaviours as never, values }, staticName !== null);
    } catch (error) {
      this.#world.report(error);
    }
  }

  /** Calls back once all that waits now is there, or was given up. */
  whenSettled(callback: () => void): void {
    this.#onReady = callback;
    this.#awaited = new Set(this.#waiting.keys());
    this.#checkReady();
  }

  #checkReady(): void {
    if (this.#awaited?.size !== 0) return;
    this.#awaited = null;
    this.#onReady();
  }

  #settled(netId: number): void {
    this.#waiting.delete(netId);
    this.#awaited?.delete(netId);
    this.#checkReady();
  }

  #takeStatic(name: string, layout: ObjectLayout): Instance | null {
    const found = this.#statics.get(name);
    if (!found || this.#used.has(name)) return null;
    if (found.layout !== layout) {
      const [ours, theirs] = [found.layout.prefab.name, layout.prefab.name];
      this.#world.report(new NetworkError("ERR_STATE", `The static object ${name} is a ${ours} here, not a ${theirs}`));
      return null;
    }
    this.#used.add(name);
    return found.instance;
  }

  #bind(netId: number, waiting: Waiting): void {
    const instance = this.#takeStatic(waiting.staticName as string, waiting.layout);
    if (instance) this.#replay(netId, waiting, instance);
  }

  #wait(
    netId: number,
    layout: ObjectLayout,
    staticName: string | null,
    abort: AbortController,
    before: Waiting | undefined,
  ): Waiting {
    const waiting: Waiting = {
      layout,
      staticName,
      object: null,
      records: [],
      bits: new NetworkWriter({ sizeBytes: 256 }),
      abort,
      timer: null,
      hasAskedAgain: before?.object === null && before.hasAskedAgain,
    };
    waiting.timer = this.#world.clock.setTimeout(() => this.#again(netId, waiting), MAX_MS);
    this.#waiting.set(netId, waiting);
    return waiting;
  }

  #stop(waiting: Waiting): void {
    this.#world.clock.clearTimeout(waiting.timer);
    waiting.abort.abort(new NetworkError("ERR_OBJECT_GONE", "The object is not waited for any more"));
  }

  /** It takes too long: asks for the object once more, or gives it up. */
  #again(netId: number, waiting: Waiting): void {
    const { staticName, layout, hasAskedAgain } = waiting;
    const what = staticName === null ? `The factory of ${layout.prefab.name}` : `The static object ${staticName}`;
    if (hasAskedAgain) {
      this.#giveUp(netId, waiting, new NetworkError("ERR_TIMEOUT", `${what} is not there after two attempts`));
      return;
    }
    this.#drop(waiting);
    waiting.hasAskedAgain = true;
    this.#world.askAgain(netId);
  }

  #drop(waiting: Waiting): void {
    this.#stop(waiting);
    waiting.object = null;
    waiting.records.length = 0;
    waiting.bits.reset();
  }

  /** Nothing of the object is applied any more. */
  #giveUp(netId: number, waiting: Waiting, error: unknown): void {
    this.#drop(waiting);
    this.#world.report(error);
    this.#awaited?.delete(netId);
    this.#checkReady();
  }

  #replay(netId: number, waiting: Waiting, instance: Instance): void {
    const { object, records, bits } = waiting;
    this.#world.clock.clearTimeout(waiting.timer);
    if (!object) return;
    this.#waiting.delete(netId);
    this.#made = instance;
    try {
      this.#world.replay(records, new NetworkReader(bits.toBytes()), object);
    } finally {
      this.#made = null;
    }
    this.#settled(netId);
  }
}
