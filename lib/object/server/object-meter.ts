import type { Clock } from "../../clock.js";
import { NetworkWriter } from "../../serialization/index.js";
import { writeChanges } from "../behaviour/identity-state.js";
import type { ServerObject } from "./server-object.js";
import type { SettledMembers } from "./settled-members.js";

/** It ends when nobody has asked for so long. */
const IDLE_MS = 5000;

/** Measures what the changes of each object take, while somebody asks for it. */
export class ObjectMeter {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  readonly #scratch = new NetworkWriter({ sizeBytes: 4096, maxBytes: 16_000_000 });
  readonly #bits = new WeakMap<ServerObject, number>();
  #askedMs = 0;

  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock;
    this.#onIdle = onIdle;
  }

  bytesOf(object: ServerObject): number {
    this.#askedMs = this.#clock.now();
    return Math.ceil((this.#bits.get(object) ?? 0) / 8);
  }

  /** These members of an object are sent now. */
  add(object: ServerObject, { ordered, latest }: SettledMembers): void {
    if (this.#clock.now() - this.#askedMs > IDLE_MS) {
      this.#onIdle();
      return;
    }
    const masks = ordered.map((mask, index) => mask | (latest[index] as number));
    if (masks.every((mask) => mask === 0)) return;
    this.#scratch.reset();
    writeChanges(this.#scratch, object.values, masks, object.layout.audiences.others.visible, "delta");
    const bits = this.#scratch.bitLength * object.observers.size;
    this.#bits.set(object, (this.#bits.get(object) ?? 0) + bits);
  }
}
