import { expect } from "vitest";
import {
  type ClientObjectManager,
  NetworkBehaviour,
  type NetworkIdentity,
  SyncList,
  SyncMap,
  SyncRef,
  SyncSet,
} from "../../lib/object/index.js";

/** A value as it was: of a collection its content, of a reference what it refers to. */
function kept(value: unknown): unknown {
  if (value instanceof SyncRef) return value.value;
  if (value instanceof SyncList) return [...value];
  if (value instanceof SyncMap) return [...value].sort(([a], [b]) => a - b);
  if (value instanceof SyncSet) return [...value].sort();
  return typeof value === "object" && value !== null ? { ...value } : value;
}

const isSame = (one: unknown, other: unknown) =>
  one instanceof NetworkBehaviour || other instanceof NetworkBehaviour
    ? one === other
    : JSON.stringify(one) === JSON.stringify(other);

/** What the listeners of a client's objects were told: each value before has to be the one that was told last. */
export class ObjectHistory {
  readonly #isShared: boolean;
  /** By behaviour and member. */
  readonly #told = new Map<object, Map<string, unknown>>();
  readonly #broken: unknown[] = [];

  /** @param isShared the instances are those of the server, whose values may be newer than what is told */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** Listens to all members of all objects that come. */
  follow(world: ClientObjectManager): void {
    world.on("spawned", ({ behaviours }) => {
      for (const part of Object.values(behaviours) as NetworkBehaviour[]) this.#listen(part);
    });
  }

  #listen(part: NetworkBehaviour): void {
    const told = new Map<string, unknown>();
    this.#told.set(part, told);
    for (const { name } of NetworkBehaviour.valuesOf(part).definition.members) {
      if (!this.#isShared) told.set(name, kept(part[name as never]));
      part.on(name as never, (now: unknown, before: unknown) => {
        const last = told.get(name);
        if (told.has(name) && !isSame(last, kept(before))) this.#broken.push({ name, last, before: kept(before) });
        told.set(name, kept(now));
      });
    }
  }

  /** What was told has no gaps, and ends with what is there. */
  check(objects: readonly NetworkIdentity[]): void {
    expect(this.#broken).toEqual([]);
    for (const { behaviours } of objects) {
      for (const part of Object.values(behaviours) as NetworkBehaviour[]) {
        const { definition } = NetworkBehaviour.valuesOf(part);
        for (const [name, value] of this.#told.get(part) ?? []) {
          const { kind, options } = definition.memberOf(name);
          // The server's instance has what this client does not get, and refers to what it does not see.
          if (this.#isShared && (kind === "reference" || options.to !== undefined)) continue;
          const now = kept(part[name as never]);
          if (!isSame(value, now)) expect([name, value]).toEqual([name, now]);
        }
      }
    }
  }
}
