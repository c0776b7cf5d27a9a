import { errorText } from "../error-text.js";
import type { NetworkIdentity } from "../object/index.js";
import { printable } from "../printable.js";
import type { ObjectRow, ObjectsSnapshot } from "./snapshot.js";
import type { InspectedObjects } from "./subject.js";

/** More objects than a person looks through. */
const MAX_OBJECTS = 500;
/** Players who see an object. */
const MAX_OBSERVERS = 50;
/** Squares of a grid. */
const MAX_CELLS = 400;
/** What every behaviour has besides. */
const NOT_MEMBERS = ["identity", "shown"];
/** Characters of a value. */
const MAX_VALUE_LENGTH = 80;

type Members = Record<string, Record<string, string>>;

/** The values of an object, and when they were new. */
interface Seen {
  readonly text: string;
  readonly changedMs: number | null;
}

/** Looks at objects again and again: so it knows which of them have changed since it looked first. */
export class ObjectRows {
  readonly #objects: InspectedObjects;
  readonly #payloads: boolean;
  /** Of each object that was listed last. */
  #seen = new Map<number, Seen>();

  constructor(objects: InspectedObjects, payloads: boolean) {
    this.#objects = objects;
    this.#payloads = payloads;
  }

  take(nowMs: number): ObjectsSnapshot {
    const { objects, metrics = null } = this.#objects;
    const seen = new Map<number, Seen>();
    const rows = objects.slice(0, MAX_OBJECTS).map((one) => {
      const members = membersOf(one);
      const text = JSON.stringify(members);
      const before = this.#seen.get(one.netId);
      const changedMs = before === undefined ? null : before.text === text ? before.changedMs : nowMs;
      seen.set(one.netId, { text, changedMs });
      return this.#rowOf(one, members, changedMs);
    });
    this.#seen = seen;
    const grids = (this.#payloads && this.#objects.interestGrids?.(MAX_CELLS)) || [];
    return { count: objects.length, objects: rows, client: metrics && { ...metrics }, grids };
  }

  #rowOf(one: NetworkIdentity, members: Members, changedMs: number | null): ObjectRow {
    const { netId, prefab, owner, observers } = one;
    const hidden = Object.fromEntries(Object.keys(members).map((name) => [name, {}]));
    return {
      ...{ netId, prefab, owner: owner?.id ?? null, changedMs, observerCount: observers.size },
      observers: [...observers].slice(0, MAX_OBSERVERS).map(({ id }) => id),
      sentBytes: this.#objects.sentBytesOf?.(one) ?? null,
      members: this.#payloads ? members : hidden,
      position: this.#payloads ? positionOf(one) : null,
    };
  }
}

function membersOf({ behaviours }: NetworkIdentity): Members {
  return Object.fromEntries(Object.entries(behaviours).map(([name, behaviour]) => [name, valuesOf(behaviour)]));
}

/** Where an object is: the `position` of its first behaviour that has one, by which interest goes. */
function positionOf({ behaviours }: NetworkIdentity): readonly [number, number] | null {
  for (const behaviour of Object.values(behaviours)) {
    try {
      const { x, y } = (behaviour as { position?: { x?: unknown; y?: unknown } }).position ?? {};
      if (typeof x === "number" && typeof y === "number" && Number.isFinite(x + y)) return [x, y];
    } catch {} // The application's own accessor: its value says so.
  }
  return null;
}

/** The members of a behaviour, which may be accessors of its class. */
function valuesOf(behaviour: object): Record<string, string> {
  const values: Record<string, string> = {};
  for (let owner = behaviour; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (
        name in values ||
        NOT_MEMBERS.includes(name) ||
        (!get && (owner !== behaviour || typeof value === "function"))
      )
        continue;
      values[name] = textOf(() => (get ? get.call(behaviour) : value));
    }
  }
  return values;
}

function textOf(read: () => unknown): string {
  try {
    const value = read();
    const text = typeof value === "object" && value !== null ? describe(value) : String(value);
    return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
  } catch (error) {
    return `throws: ${printable(errorText(error)).slice(0, MAX_VALUE_LENGTH)}`;
  }
}

function describe(value: object): string {
  try {
    return JSON.stringify(value, startOf) ?? "";
  } catch {
    return Object.prototype.toString.call(value); // it contains itself, or a bigint
  }
}

/** Of a long list no more than is shown of it. */
const startOf = (_key: string, part: unknown) => (Array.isArray(part) ? part.slice(0, MAX_VALUE_LENGTH) : part);
