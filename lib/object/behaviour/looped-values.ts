import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";
import type { HeldClass } from "../synced/held-value.js";
import type { BehaviourDefinition } from "./definition.js";
import { type Components, componentsOf } from "./live-value.js";
import type { Member } from "./member.js";
import { MemberValues } from "./member-values.js";
import { prepareValue } from "./prepare-value.js";

/** What `generateValues` makes, as loops over arrays: for platforms that forbid generated code. */
export class LoopedValues extends MemberValues {
  static readonly fixedBits: null = null;
  /** Each member's value; of a live one the live value. */
  readonly #values: unknown[];
  /** Scalars as integers. */
  readonly #integers: number[];
  /** What was sent last: an integer, or the value. */
  readonly #sent: unknown[];

  constructor(definition: BehaviourDefinition) {
    super(definition);
    const { members } = definition;
    this.#values = members.map(({ codec, index }) => {
      const Held = definition.heldClassOf(index);
      return Held ? new Held(this) : codec.default();
    });
    this.#integers = members.map(({ codec, index }) => codec.kernel?.toInteger(this.#values[index]) ?? 0);
    this.#sent = members.map(({ codec, index }) => (codec.kernel ? this.#integers[index] : this.#values[index]));
  }

  get(index: number): unknown {
    return this.#values[index];
  }

  set(index: number, value: unknown): void {
    const member = this.definition.members[index] as Member;
    const { bit, codec } = member;
    const before = this.#values[index];
    if (Object.is(value, before)) return;
    const held = this.definition.heldClassOf(index);
    if (held) {
      held.assign(before as object, value);
      return;
    }
    if (codec.kernel) this.#integers[index] = codec.kernel.toInteger(value);
    else prepareValue(member)(value);
    this.changing(bit);
    this.#values[index] = value;
  }

  settle(due = -1): number {
    const changed = this.changed & due;
    let differing = this.marked & due;
    this.changed &= ~due;
    this.marked &= ~due;
    for (let left = changed; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const { bit, codec } = this.definition.members[index] as Member;
      const value = this.#values[index];
      const held = this.definition.heldClassOf(index);
      if (held) {
        if (!held.settle(value as object)) continue;
      } else if (codec.kernel) {
        if (this.#integers[index] === this.#sent[index]) continue;
        this.#sent[index] = this.#integers[index];
      } else {
        if ((differing & bit) === 0 && codec.equals(value, this.#sent[index])) continue;
        this.#sent[index] = value;
      }
      differing |= bit;
    }
    return differing;
  }

  write(writer: NetworkWriter, mask: number, hidden = 0): void {
    this.#write(writer, mask, hidden, false);
  }

  override writeDelta(writer: NetworkWriter, mask: number, hidden = 0): void {
    this.#write(writer, mask, hidden, true);
  }

  #write(writer: NetworkWriter, mask: number, hidden: number, isDelta: boolean): void {
    for (let left = mask; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const { bit, codec } = this.definition.members[index] as Member;
      const held = this.definition.heldClassOf(index);
      const value = this.#values[index];
      if (codec.kernel) writer.writeBits(this.#integers[index] as number, codec.kernel.bits);
      else if (!held) codec.write(writer, value);
      else if (isDelta && held.writeDelta) held.writeDelta(value as object, writer);
      else held.write(value as object, writer, (hidden & bit) !== 0);
    }
  }

  read(reader: NetworkReader, mask: number): void {
    this.reading(mask);
    for (let left = mask; left !== 0; left &= left - 1) {
      const index = 31 - Math.clz32(left & -left);
      const { codec } = this.definition.members[index] as Member;
      const held: HeldClass | null = this.definition.heldClassOf(index);
      if (held) {
        held.read(this.#values[index] as object, reader);
      } else if (codec.kernel) {
        const integer = reader.readBits(codec.kernel.bits) | 0;
        this.#values[index] = codec.kernel.fromInteger(integer);
        this.#integers[index] = integer;
        this.#sent[index] = integer;
      } else {
        this.#values[index] = codec.read(reader);
        this.#sent[index] = this.#values[index];
      }
    }
  }

  getNumbers(index: number, target: Float64Array, at: number): void {
    const { shape } = this.definition.members[index] as Member;
    const value = this.#values[index];
    const names = shape?.names;
    if (!names) target[at] = value as number;
    else for (const [column, name] of names.entries()) target[at + column] = (value as Components)[name] as number;
  }

  setNumbers(index: number, source: Float64Array, at: number, isExact: boolean): void {
    const { codec, components, shape } = this.definition.members[index] as Member;
    const names = shape?.names;
    if (components) {
      const held = this.definition.heldClassOf(index);
      held?.setNumbers?.(this.#values[index] as object, source, at, isExact);
    } else if (names) this.#values[index] = componentsOf(names, source, at);
    else this.#values[index] = source[at];
    if (codec.kernel && isExact) this.#integers[index] = codec.kernel.toInteger(this.#values[index]);
  }

  static propertiesOf(valuesOf: (behaviour: object) => MemberValues, { members }: BehaviourDefinition) {
    return members.map(({ index }) => ({
      get(this: object) {
        return valuesOf(this).get(index);
      },
      set(this: object, value: unknown) {
        valuesOf(this).set(index, value);
      },
    }));
  }
}
