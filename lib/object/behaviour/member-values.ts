import { isDevelopment } from "../../development.js";
import { type Codec, type NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { BehaviourDefinition } from "./definition.js";
import type { LiveValue } from "./live-value.js";
import type { Member } from "./member.js";

/** Whoever collects what has changed: a manager, once the object is in its world. */
export interface ValuesOwner {
  /** A member has changed for the first time since the last `settle`. */
  changed(values: MemberValues): void;
  /** A member that somebody listens to has changed for the first time since the last `deliver`. */
  noted(values: MemberValues): void;
}

/** `now` and `before` are the member's values; `before` of a live value is a copy. */
export type MemberListener = (now: unknown, before: unknown) => void;

/** Values of any codec are tried here when they are assigned: what cannot be written throws at once. */
const trial = new NetworkWriter();

function check(codec: Codec<unknown>, value: unknown): void {
  trial.reset();
  codec.write(trial, value);
}

/**
 * The values of one behaviour's members: what was set, what was sent last, and which changed. Masks have the bits of
 * {@link Member.bit}. A scalar of at most 32 bits is compared and written as an integer, a live value and any other by
 * its codec.
 */
export class MemberValues {
  readonly definition: BehaviourDefinition;
  owner: ValuesOwner | null = null;
  /** Each member's value; of a live one its `LiveValue`. */
  readonly #values: unknown[] = [];
  /** Scalars as integers. */
  readonly #integers: number[] = [];
  /** What was sent last: an integer, a copy of a live value, or the value. */
  readonly #sent: unknown[] = [];
  /** The members that were set since the last `settle`. */
  #changed = 0;
  /** Changed in place: sent whether or not they look different. */
  #marked = 0;
  readonly #listeners: (MemberListener[] | undefined)[] = [];
  #heard = 0;
  #noted = 0;
  readonly #before: unknown[] = [];

  constructor(definition: BehaviourDefinition) {
    this.definition = definition;
    for (const { codec, components } of definition.members) {
      const value = codec.default();
      this.#values.push(components ? new (definition.liveClassOf(this.#values.length))(this) : value);
      this.#integers.push(codec.kernel ? codec.kernel.toInteger(value) : 0);
      this.#sent.push(codec.kernel ? (this.#integers.at(-1) as number) : value);
      this.#before.push(components ? codec.default() : undefined);
    }
  }

  get(member: Member): unknown {
    return this.#values[member.index];
  }

  /** @throws TypeError, RangeError for a value that the codec cannot write; nothing has changed then */
  set(member: Member, value: unknown): void {
    const { index, codec, components, options } = member;
    const before = this.#values[index];
    if (components) {
      if (value !== before) (before as LiveValue).assign(value as Record<string, unknown>);
      return;
    }
    if (Object.is(value, before)) return;
    if (codec.kernel) this.#integers[index] = codec.kernel.toInteger(value);
    else check(codec, value);
    if (typeof value === "object" && !options.mutable && isDevelopment() && !ArrayBuffer.isView(value)) {
      Object.freeze(value);
    }
    this.changing(member);
    this.#values[index] = value;
  }

  /** A member is about to change. */
  changing(member: Member): void {
    this.#note(member);
    const changed = this.#changed;
    this.#changed = changed | member.bit;
    if (changed === 0) this.owner?.changed(this);
  }

  /** The value of a `mutable` member has changed in place. */
  mark(member: Member): void {
    check(member.codec, this.#values[member.index]);
    this.#marked |= member.bit;
    this.changing(member);
  }

  /** The members that were set and differ, after rounding, from what was sent last. They count as sent from now on. */
  settle(): number {
    const changed = this.#changed;
    let differing = this.#marked;
    this.#changed = this.#marked = 0;
    for (let left = changed; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const { bit, codec, components } = this.definition.members[index] as Member;
      const sent = this.#sent[index];
      if (codec.kernel) {
        if (this.#integers[index] === sent) continue;
        this.#sent[index] = this.#integers[index];
      } else if (components) {
        const { plain } = this.#values[index] as LiveValue;
        if (codec.equals(plain, sent)) continue;
        copy(plain, sent, components);
      } else {
        if ((differing & bit) === 0 && codec.equals(this.#values[index], sent)) continue;
        this.#sent[index] = this.#values[index];
      }
      differing |= bit;
    }
    return differing;
  }

  /** Writes the values of the members `mask`, in the order of their bits. */
  write(writer: NetworkWriter, mask: number): void {
    for (let left = mask; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const { codec, components } = this.definition.members[index] as Member;
      if (codec.kernel) writer.writeBits(this.#integers[index] as number, codec.kernel.bits);
      else codec.write(writer, components ? (this.#values[index] as LiveValue).plain : this.#values[index]);
    }
  }

  /**
   * Reads what `write` wrote. The values count as sent: they do not go back.
   *
   * @throws NetworkError as `Codec.read`; the members before the unreadable one have their new values then
   */
  read(reader: NetworkReader, mask: number): void {
    for (let left = mask; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const member = this.definition.members[index] as Member;
      const { codec, components } = member;
      if (codec.kernel) {
        const integer = reader.readBits(codec.kernel.bits) | 0;
        const value = codec.kernel.fromInteger(integer);
        this.#note(member);
        this.#integers[index] = this.#sent[index] = integer;
        this.#values[index] = value;
      } else if (components) {
        this.#note(member);
        const { plain } = this.#values[index] as LiveValue;
        if (codec.readInto) codec.readInto(reader, plain);
        copy(plain, this.#sent[index], components);
      } else {
        const value = codec.read(reader);
        this.#note(member);
        this.#values[index] = this.#sent[index] = value;
      }
      this.#changed &= ~member.bit;
      this.#marked &= ~member.bit;
    }
  }

  /** @returns a function that ends it */
  listen(member: Member, listener: MemberListener): () => void {
    const listeners = [...(this.#listeners[member.index] ?? []), listener];
    this.#listeners[member.index] = listeners;
    this.#heard |= member.bit;
    return () => {
      const left = (this.#listeners[member.index] ?? []).filter((each) => each !== listener);
      this.#listeners[member.index] = left;
      if (left.length === 0) this.#heard &= ~member.bit;
    };
  }

  /** Remembers the value that a listener will get as `before`. */
  #note({ bit, index, components }: Member): void {
    if ((this.#heard & ~this.#noted & bit) === 0) return;
    if (components) copy((this.#values[index] as LiveValue).plain, this.#before[index], components);
    else this.#before[index] = this.#values[index];
    const noted = this.#noted;
    this.#noted = noted | bit;
    if (noted === 0) this.owner?.noted(this);
  }

  /**
   * Calls the listeners of all members that have another value than at the last call. What a listener sets is noted for
   * the next call. What one throws goes to `onError` and stops no other.
   */
  deliver(onError: (error: unknown) => void): void {
    const noted = this.#noted;
    this.#noted = 0;
    for (let left = noted; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const { bit, codec, components } = this.definition.members[index] as Member;
      const now = this.#values[index];
      const before = components ? { ...(this.#before[index] as object) } : this.#before[index];
      // A member marked as changed in place is the same object as before.
      const isSame = codec.equals(components ? (now as LiveValue).plain : now, before);
      if (isSame && !((this.definition.mutableMask & bit) !== 0 && now === before)) continue;
      for (const listener of this.#listeners[index] ?? []) {
        try {
          listener(now, before);
        } catch (error) {
          onError(error);
        }
      }
    }
  }
}

function copy(from: unknown, to: unknown, components: readonly string[]): void {
  for (const component of components) {
    (to as Record<string, unknown>)[component] = (from as Record<string, unknown>)[component];
  }
}
