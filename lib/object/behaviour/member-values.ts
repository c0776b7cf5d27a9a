import { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import { checkEncodable } from "../synced/element.js";
import type { HeldClass } from "../synced/held-value.js";
import { isClientCallback } from "./callback-side.js";
import type { BehaviourDefinition } from "./definition.js";
import { type Components, copyComponents } from "./live-value.js";
import type { Member } from "./member.js";
import type { References } from "./references.js";

/** Whoever collects what has changed: a manager, once the object is in its world. */
export interface ValuesOwner {
  /** A member has changed for the first time since the last `settle`. */
  changed(values: MemberValues): void;
  /** A member that somebody listens to has changed for the first time since the last `deliver`. */
  noted(values: MemberValues): void;
  /** On a client: calls `run` when the time that is shown has come to what has arrived. */
  whenShown?(run: () => void): void;
}

/** When something on a client happens: when it has arrived, or when the time that it belongs to is shown. */
export type ClientTime = "arrived" | "shown";

/** `now` and `before` are the member's values; `before` of a live value is a copy. */
export type MemberListener = (now: unknown, before: unknown) => void;

const copied = new NetworkWriter();

/** Of those that nobody listens to. They stay empty. */
const NO_LISTENERS: (MemberListener[] | undefined)[] = [];
const NO_VALUES: unknown[] = [];

/** The class of the values of one definition. */
export interface ValuesClass {
  new (definition: BehaviourDefinition): MemberValues;
  /** How many bits each member always has; 0 where they differ. Null if there is no `readAt`. */
  readonly fixedBits: readonly number[] | null;
  /** The accessors of the members of a behaviour, by index. */
  propertiesOf(
    valuesOf: (behaviour: object) => MemberValues,
    definition: BehaviourDefinition,
  ): readonly PropertyDescriptor[];
}

/**
 * The values of one behaviour's members: what was set, what was sent last, and which changed. Masks have the bits of
 * {@link Member.bit}. A scalar of at most 32 bits and the scalars of a live value are compared and written as integers,
 * any other by its codec.
 */
export abstract class MemberValues {
  readonly definition: BehaviourDefinition;
  /** The members that this side may not set. Collections and references throw; variables take what is set. */
  locked = 0;
  /** Where references find what they refer to: the manager's, once the object is in its world. */
  references: References | null = null;
  /** In a host: the values that the client has received, whose listeners are those of the client's callbacks. */
  received: MemberValues | null = null;
  #listeners: (MemberListener[] | undefined)[] = NO_LISTENERS;
  /** Those that a new one has: its constructor has added them. */
  #firstListeners: (MemberListener[] | undefined)[] = NO_LISTENERS;
  #before: unknown[] = NO_VALUES;
  // What each change uses lies side by side in memory, up to the values themselves.
  owner: ValuesOwner | null = null;
  /** Those that somebody listens to, and of these the ones that have changed since the last `deliver`. */
  #heard = 0;
  #noted = 0;
  /** Changed in place: sent whether or not they look different. */
  protected marked = 0;
  /** The members that were set since the last `settle`. */
  protected changed = 0;

  constructor(definition: BehaviourDefinition) {
    this.definition = definition;
  }

  /** The value of the member of this index; of a live one its live value. */
  abstract get(index: number): unknown;

  /** @throws TypeError, RangeError for a value that the codec cannot write; nothing has changed then */
  abstract set(index: number, value: unknown): void;

  /**
   * The members of `due` (default: all) that were set and differ, after rounding, from what was sent last. They count
   * as sent from now on. Those that are not due stay changed.
   */
  abstract settle(due?: number): number;

  /**
   * Writes the values of the members `mask`, in the order of their bits; of collections the whole content. References
   * in `hidden` are written as null.
   */
  abstract write(writer: NetworkWriter, mask: number, hidden?: number): void;

  /** As `write`, but of collections what the last `settle` has found, if that is shorter than the content. */
  writeDelta(writer: NetworkWriter, mask: number, hidden = 0): void {
    this.write(writer, mask, hidden);
  }

  /**
   * Reads what `write` or `writeDelta` wrote. The values count as sent: they do not go back.
   *
   * @throws NetworkError as `Codec.read`; the members before the unreadable one have their new values then
   */
  abstract read(reader: NetworkReader, mask: number): void;

  /**
   * Reads members of a fixed width from bit `position` of `words` on, which has one more than they take.
   *
   * @returns the position behind them
   * @throws NetworkError `ERR_BAD_VALUE` as `read`
   */
  readAt?(words: Int32Array, position: number, mask: number): number;

  /** Writes the numbers of a member with a shape to `target`, from `at` on. */
  abstract getNumbers(index: number, target: Float64Array, at: number): void;

  /**
   * Gives a member with a shape other numbers. Nothing is sent, and no listener hears of it.
   *
   * @param isExact the codec writes these numbers as they are; others may only be there for a time
   */
  abstract setNumbers(index: number, source: Float64Array, at: number, isExact: boolean): void;

  /** Reads the members `mask` of other values of the same class, as if they had arrived. */
  copyFrom(values: MemberValues, mask: number): void {
    copied.reset();
    values.write(copied, mask);
    this.read(new NetworkReader(copied.view()), mask);
  }

  /** The member of this bit is about to be set. */
  changing(bit: number): void {
    if ((this.#heard & ~this.#noted & bit) !== 0) this.#note(bit);
    const changed = this.changed;
    this.changed = changed | bit;
    if (changed === 0) this.owner?.changed(this);
  }

  /** Whether any of the members `mask` was set since it was settled. */
  hasChanged(mask: number): boolean {
    return (this.changed & mask) !== 0;
  }

  /** Whether members were set since they were settled: those that were not due. */
  get isChanged(): boolean {
    return this.changed !== 0;
  }

  /** Begins to note which members are set. @returns what `putChangesBack` needs */
  setChangesAside(): number {
    const before = this.changed;
    this.changed = 0;
    return before;
  }

  /** @returns the members that were set since `setChangesAside` */
  putChangesBack(before: number): number {
    const since = this.changed;
    this.changed |= before;
    return since;
  }

  /**
   * Reads what the other side's `writeDelta` wrote, as changes that this side makes: they go on to others. A value that
   * `accepts` refuses, and an operation that does not fit the collection here, change nothing.
   *
   * @returns the members that were refused, whose values here the other side needs
   * @throws NetworkError as `Codec.read`; the members before the unreadable one have their new values then
   */
  take(reader: NetworkReader, mask: number, accepts: (member: Member, value: unknown) => boolean): number {
    let refused = 0;
    for (let left = mask; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const member = this.definition.members[index] as Member;
      const held = member.held as HeldClass | null;
      if (held?.take) {
        const isTaken = held.take(this.get(index) as object, reader, (value) => accepts(member, value));
        // What both sides set is not the same on both until one has told the other. Of collections the state does so.
        if (!isTaken || (member.kind === "reference" && member.options.from === "both")) refused |= member.bit;
        continue;
      }
      const value = member.codec.read(reader);
      if (accepts(member, value)) this.set(index, value);
      else refused |= member.bit;
    }
    return refused;
  }

  /** Members are about to get values that have arrived, which do not go back: `settle` finds them equal to the sent. */
  reading(mask: number): void {
    for (let left = this.#heard & ~this.#noted & mask; left !== 0; left &= left - 1) this.#note(left & -left);
    if ((this.marked & mask) !== 0) this.marked &= ~mask;
  }

  /** The value of a `mutable` member has changed in place. */
  mark(member: Member): void {
    checkEncodable(member.codec, this.get(member.index));
    this.marked |= member.bit;
    this.changing(member.bit);
  }

  /** Whoever listens now does so after a `reset` too. */
  keepListeners(): void {
    this.#firstListeners = this.#listeners === NO_LISTENERS ? NO_LISTENERS : [...this.#listeners];
  }

  /** Its object is in no world any more. */
  leave(): void {
    this.owner = null;
    for (const { held, index } of this.definition.members) held?.release?.(this.get(index) as object);
  }

  /** Makes it as new. @param fresh the values of a new one */
  reset(fresh: MemberValues): void {
    const { members, allMask } = this.definition;
    this.owner = this.received = null;
    this.#heard = this.#noted = this.locked = 0;
    this.copyFrom(fresh, allMask);
    for (const { codec, components, held, index } of members) {
      if (held?.renew) held.renew(this.get(index) as object);
      // Before it is rounded.
      else if (components || codec.kernel) this.set(index, fresh.get(index));
    }
    this.settle();
    this.references = null;
    this.#listeners = this.#firstListeners === NO_LISTENERS ? NO_LISTENERS : [...this.#firstListeners];
    for (const { bit, index } of members) if (this.#listeners[index]?.length) this.#heard |= bit;
  }

  /** @returns a function that ends it */
  listenTo(bit: number, listener: MemberListener): () => void {
    return this.listen(this.definition.members[31 - Math.clz32(bit)] as Member, listener);
  }

  /** @returns a function that ends it */
  listen(member: Member, listener: MemberListener): () => void {
    if (this.received && isClientCallback()) return this.received.listen(member, listener);
    const { bit, codec, components, index } = member;
    if (this.#listeners === NO_LISTENERS) this.#listeners = [];
    if (this.#before === NO_VALUES) this.#before = [];
    this.#listeners[index] = [...(this.#listeners[index] ?? []), listener];
    if (components) this.#before[index] ??= codec.default();
    this.#heard |= bit;
    return () => {
      // It was reset meanwhile.
      if (this.#listeners === NO_LISTENERS) return;
      const left = (this.#listeners[index] ?? []).filter((each) => each !== listener);
      this.#listeners[index] = left;
      if (left.length === 0) this.#heard &= ~bit;
    };
  }

  /**
   * As `listen`, but on a client the listener is called with the same values when they are shown.
   *
   * @returns a function that ends it
   */
  listenShown(member: Member, listener: MemberListener): () => void {
    const values = this.received && isClientCallback() ? this.received : this;
    return values.listen(member, (now, before) => {
      const { owner } = values;
      if (!owner?.whenShown) return listener(now, before);
      const then = member.components ? { ...(now as object) } : now;
      owner.whenShown(() => listener(then, before));
    });
  }

  /** Remembers the value that listeners will get as `before`. */
  #note(bit: number): void {
    const index = 31 - Math.clz32(bit);
    const { definition } = this;
    this.#before[index] =
      (definition.plainMask & bit) !== 0
        ? this.get(index)
        : copyOf(definition.members[index] as Member, this.get(index) as object, this.#before[index]);
    const noted = this.#noted;
    this.#noted = noted | bit;
    if (noted === 0) this.owner?.noted(this);
  }

  /**
   * Calls the listeners of all members that have another value than at the last call. What a listener sets is noted for
   * the next call. What one throws goes to `onError` and stops no other.
   */
  deliver(onError: (error: unknown) => void): void {
    const { definition } = this;
    const noted = this.#noted;
    this.#noted = 0;
    for (let left = noted; left !== 0; left &= left - 1) {
      const bit = left & -left;
      const index = 31 - Math.clz32(bit);
      const { codec, components, held } = definition.members[index] as Member;
      const now = this.get(index);
      const before = components ? { ...(this.#before[index] as object) } : this.#before[index];
      const isEqual = held?.equals ? held.equals(now as object, before as object) : codec.equals(now, before);
      // A member marked as changed in place is the same object as before.
      if (isEqual && !((definition.mutableMask & bit) !== 0 && now === before)) continue;
      // A listener may have put the object back, and all listeners are gone then.
      const listeners = this.#listeners[index] ?? [];
      for (let place = 0; place < listeners.length; place++) {
        try {
          (listeners[place] as MemberListener)(now, before);
        } catch (error) {
          onError(error);
        }
      }
    }
  }
}

/** A value that changes in place, for listeners. @param into the one that they got last */
function copyOf({ components, held }: Member, value: object, into: unknown): unknown {
  if (held?.copy) return held.copy(value, into as object | undefined);
  if (!components) return value;
  copyComponents(value as Components, into as Components, components);
  return into;
}
