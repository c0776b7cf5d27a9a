import { typeError } from "../../arguments.js";
import type { Member } from "./member.js";

type Components = Record<string, unknown>;

/** What a live value tells that it is about to change. */
export interface LiveOwner {
  changing(member: Member): void;
}

/** A vector, quaternion or struct that a behaviour keeps: changes of its components are noticed. */
export interface LiveValue {
  /** Takes over the components of `value` and tells the owner. @throws TypeError, RangeError before any has changed */
  assign(value: Components): void;
  /** The same values in an object of nobody. It is changed only by whoever reads state. */
  readonly plain: Components;
}

/** The class of a member's live values: an accessor for each component, over an object of plain values. */
export function liveClass(member: Member): new (owner: LiveOwner) => LiveValue {
  const { codec, name } = member;
  const components = member.components as readonly string[];
  const checks = components.map((component) => {
    const toInteger = codec.fields?.[component]?.kernel?.toInteger;
    return (value: unknown) => {
      if (toInteger) toInteger(value);
      else if (!Number.isFinite(value)) throw typeError(`${name}.${component}`, "a finite number");
    };
  });

  // The fields are private, so that neither a log nor a spread shows them.
  class Live implements LiveValue {
    readonly #plain = codec.default() as Components;
    readonly #owner: LiveOwner;

    constructor(owner: LiveOwner) {
      this.#owner = owner;
    }

    get plain(): Components {
      return this.#plain;
    }

    assign(value: Components): void {
      if (typeof value !== "object" || value === null) throw typeError(name, "an object");
      for (const [index, component] of components.entries()) checks[index]?.(value[component]);
      if (components.every((component) => Object.is(this.#plain[component], value[component]))) return;
      this.#owner.changing(member);
      for (const component of components) this.#plain[component] = value[component];
    }

    toJSON(): Components {
      return { ...this.#plain };
    }

    static accessor(component: string, check: (value: unknown) => void): PropertyDescriptor {
      return {
        enumerable: true,
        get(this: Live) {
          return this.#plain[component];
        },
        set(this: Live, value: unknown) {
          if (Object.is(this.#plain[component], value)) return;
          check(value);
          this.#owner.changing(member);
          this.#plain[component] = value;
        },
      };
    }
  }

  for (const [index, component] of components.entries()) {
    Object.defineProperty(Live.prototype, component, Live.accessor(component, checks[index] as () => void));
  }
  return Live;
}
