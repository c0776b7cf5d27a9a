import type { BehaviourDefinition } from "./definition.js";
import { type Components, componentsOf } from "./live-value.js";
import type { Member } from "./member.js";

/** Where what is shown of a behaviour comes from: what has arrived of it, or what is predicted. */
export interface ShownSource {
  /** What is shown stays the same until this number changes. */
  readonly frame: number;
  /** Writes what is shown of a member with a shape to `target`. Returns false if the member is shown as it is. */
  readShown(member: Member, target: Float64Array): boolean;
}

/** The behaviour of which something is shown. */
interface Shown {
  readonly behaviour: object;
  readonly source: ShownSource | null;
}

/** What is shown of one member. */
interface Cell {
  readonly numbers: Float64Array;
  /** Of a member with components: the same object each time. */
  readonly components: Components | null;
  source: ShownSource | null;
  frame: number;
  isOwn: boolean;
}

/** What the views of a behaviour have besides what the prototype has. */
const SHOWN = Symbol("shown");
const CELLS = Symbol("cells");

interface View {
  readonly [SHOWN]: Shown;
  readonly [CELLS]: (Cell | undefined)[];
}

function newCell({ shape }: Member): Cell {
  const numbers = new Float64Array(shape?.columns ?? 0);
  const components = shape?.names ? componentsOf(shape.names, numbers, 0) : null;
  return { numbers, components, source: null, frame: -1, isOwn: true };
}

function readMember(view: View, member: Member): unknown {
  const { behaviour, source } = view[SHOWN];
  if (!source || !member.shape) return (behaviour as Record<string, unknown>)[member.name];
  view[CELLS][member.index] ??= newCell(member);
  const cell = view[CELLS][member.index] as Cell;
  const { numbers, components } = cell;
  if (cell.source !== source || cell.frame !== source.frame) {
    cell.source = source;
    cell.frame = source.frame;
    cell.isOwn = !source.readShown(member, numbers);
    const { names } = member.shape;
    if (components && names) {
      for (let column = 0; column < names.length; column++) components[names[column] as string] = numbers[column];
    }
  }
  if (cell.isOwn) return (behaviour as Record<string, unknown>)[member.name];
  return components ?? numbers[0];
}

/** The prototype of what is shown of the behaviours of a class: its getters and methods, on what is shown. */
function viewPrototype(target: object, base: object, { members, rpcs }: BehaviourDefinition): object {
  const prototype = Object.create(target) as object;
  const define = (name: string, get: (this: View) => unknown) =>
    Object.defineProperty(prototype, name, { get, configurable: true });
  // They use what only the behaviour itself has.
  for (const name of [...Object.getOwnPropertyNames(base), ...rpcs.map((rpc) => rpc.name)]) {
    if (name === "constructor") continue;
    define(name, function () {
      const { behaviour } = this[SHOWN];
      const value = (behaviour as Record<string, unknown>)[name];
      return typeof value === "function" && name in base ? value.bind(behaviour) : value;
    });
  }
  define("shown", function () {
    return this;
  });
  for (const member of members) {
    define(member.name, function () {
      return readMember(this, member);
    });
  }
  return prototype;
}

const prototypes = new WeakMap<BehaviourDefinition, object>();

/** What is shown of a behaviour, whose class extends one with the prototype `base`. */
export function createView(shown: Shown, base: object, definition: BehaviourDefinition): object {
  let prototype = prototypes.get(definition);
  if (!prototype) {
    prototype = viewPrototype(Object.getPrototypeOf(shown.behaviour), base, definition);
    prototypes.set(definition, prototype);
  }
  return Object.create(prototype, { [SHOWN]: { value: shown }, [CELLS]: { value: [] } });
}
