import { invalidType, outOfRange, typeError } from "../../arguments.js";
import { checkOptions, functionOption, type OptionRules } from "../../options.js";
import type { ObjectFactory } from "../behaviour/object-factory.js";
import type { Instance } from "../behaviour/prefab.js";
import type { ObjectLayout } from "../wire/object-layout.js";
import { MAX_STATIC_NAME } from "../wire/object-messages.js";

const FACTORY: OptionRules<ObjectFactory> = { create: functionOption, release: functionOption };

const NEVER = new AbortController().signal;

/** @throws TypeError, RangeError */
export function checkStaticName(name: string): void {
  if (typeof name !== "string") throw typeError("The name of a static object", "a string");
  if (name === "" || name.length > MAX_STATIC_NAME) {
    throw outOfRange(`The name of the static object ${name} has 1 to ${MAX_STATIC_NAME} characters`);
  }
}

/** What makes the behaviours of objects, and takes them back. */
export class Factories {
  readonly #factories = new Map<ObjectLayout, ObjectFactory>();

  /** @throws TypeError for what is no factory */
  set(layout: ObjectLayout, factory: ObjectFactory | null): void {
    if (factory === null) {
      this.#factories.delete(layout);
      return;
    }
    checkOptions("setFactory", factory, FACTORY);
    this.#factories.set(layout, factory);
  }

  /** A new object, or a promise of its behaviours. @throws what the factory throws */
  create(layout: ObjectLayout, signal: AbortSignal): Instance | PromiseLike<Instance["behaviours"]> {
    const factory = this.#factories.get(layout);
    if (!factory?.create) return layout.prefab.create();
    const made = factory.create(signal);
    if (typeof (made as PromiseLike<unknown> | null)?.then === "function") return made as PromiseLike<never>;
    return layout.prefab.bind(made as Instance["behaviours"]);
  }

  /** A new object at once. @throws what the factory throws; TypeError for a promise: servers and steps do not wait */
  make(layout: ObjectLayout, user: "server" | "step" = "server"): Instance {
    const made = this.create(layout, NEVER);
    if ("values" in made) return made;
    void Promise.resolve(made).catch(() => {});
    throw invalidType(
      `The factory of ${layout.prefab.name} returned a promise, and a ${user} does not wait for objects`,
    );
  }

  /** An object is in no world any more. */
  release(layout: ObjectLayout, { behaviours, values }: Instance, isStatic: boolean): void {
    const release = this.#factories.get(layout)?.release;
    if (!release && !isStatic) return;
    layout.reset(values);
    if (!isStatic) release?.(behaviours);
  }
}
