import { typeError } from "../../arguments.js";
import { mayGenerate } from "../../serialization/compile-fields.js";
import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { HeldClass } from "../synced/held-value.js";
import { generateLiveClass } from "./generated-live.js";
import type { Member } from "./member.js";

export type Components = Record<string, unknown>;

/** What a live value tells about its member, by the member's bit. */
export interface LiveOwner {
  /** The member is about to be set. */
  changing(bit: number): void;
}

/**
 * A class of live values: a vector, quaternion or struct that a behaviour keeps, and of which changes of components are
 * noticed. The only properties of an instance are its components, whatever they are called; all else is static.
 */
export interface LiveClass extends HeldClass<Components> {
  /** Straight code: how many bits each of `word0`, `word1` has, which give what `write` writes. */
  readonly wordBits?: readonly number[];
}

/** The class of a member's live values: straight code if the platform allows it and all components are scalars. */
export function liveClass(member: Member): LiveClass {
  const Live = member.codec.fields && mayGenerate() ? generateLiveClass(member) : loopedLiveClass(member);
  Object.defineProperty(Live.prototype, INSPECT, { value: inspectLive });
  return Live;
}

/** What Node.js prints of an object, in `console.log` too. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

function inspectLive(this: Components): Components {
  return { ...this };
}

export function copyComponents(from: Components, to: Components, components: readonly string[]): void {
  for (const component of components) to[component] = from[component];
}

/** The components of these names as an object. */
export function componentsOf(names: readonly string[], source: Float64Array, at: number): Components {
  const components: Components = {};
  for (let column = 0; column < names.length; column++) components[names[column] as string] = source[at + column];
  return components;
}

function loopedLiveClass({ bit, codec, components, name }: Member): LiveClass {
  const names = components as readonly string[];
  const checks = names.map((component) => {
    const toInteger = codec.fields?.[component]?.kernel?.toInteger;
    return (value: unknown) => {
      if (toInteger) toInteger(value);
      else if (!Number.isFinite(value)) throw typeError(`${name}.${component}`, "a finite number");
    };
  });
  /** What is read goes here first: it may end in the middle. */
  const arrived = codec.default() as Components;
  const properties: PropertyDescriptor[] = [];

  class Live {
    readonly #plain = codec.default() as Components;
    readonly #sent = codec.default() as Components;
    readonly #owner: LiveOwner;

    constructor(owner: LiveOwner) {
      this.#owner = owner;
      for (const [index, component] of names.entries()) {
        Object.defineProperty(this, component, properties[index] as PropertyDescriptor);
      }
    }

    static assign(live: Live, value: Components): void {
      if (typeof value !== "object" || value === null) throw typeError(name, "an object");
      for (const [index, component] of names.entries()) checks[index]?.(value[component]);
      if (names.every((component) => Object.is(live.#plain[component], value[component]))) return;
      live.#owner.changing(bit);
      copyComponents(value, live.#plain, names);
    }

    static settle(live: Live): boolean {
      if (codec.equals(live.#plain, live.#sent)) return false;
      copyComponents(live.#plain, live.#sent, names);
      return true;
    }

    static write(live: Live, writer: NetworkWriter): void {
      codec.write(writer, live.#plain);
    }

    static read(live: Live, reader: NetworkReader): void {
      const value = (codec.readInto ? codec.readInto(reader, arrived) : codec.read(reader)) as Components;
      copyComponents(value, live.#plain, names);
      copyComponents(value, live.#sent, names);
    }

    static getNumbers(live: Live, target: Float64Array, at: number): void {
      for (let column = 0; column < names.length; column++)
        target[at + column] = live.#plain[names[column] as string] as number;
    }

    static setNumbers(live: Live, source: Float64Array, at: number): void {
      for (let column = 0; column < names.length; column++) live.#plain[names[column] as string] = source[at + column];
    }

    static property(component: string, check: (value: unknown) => void): PropertyDescriptor {
      return {
        enumerable: true,
        get(this: Live) {
          return this.#plain[component];
        },
        set(this: Live, value: unknown) {
          if (Object.is(this.#plain[component], value)) return;
          check(value);
          this.#owner.changing(bit);
          this.#plain[component] = value;
        },
      };
    }
  }

  for (const [index, component] of names.entries()) {
    properties[index] = Live.property(component, checks[index] as (value: unknown) => void);
  }
  return Live as unknown as LiveClass;
}
