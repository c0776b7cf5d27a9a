import type { BehaviourDefinition } from "./definition.js";
import { componentsOf } from "./live-value.js";
import type { Member } from "./member.js";
import { MemberValues, type ValuesClass } from "./member-values.js";
import { prepareValue } from "./prepare-value.js";
import { bitsOfWords } from "./word-bits.js";

/** The statements for a member in each function of the class. */
interface Statements {
  construct: string;
  set: string;
  settle: string;
  write: string;
  /** Where it is another than `write`. */
  writeDelta?: string;
  read: string;
  /** Of members of a fixed width. */
  readAt?: string;
  /** Of members with a shape. */
  getNumbers: string;
  setNumbers: string;
}

/** The statements that take a member as numbers, and set it. */
function numberStatements({ index: i, codec, components, shape }: Member) {
  if (!shape) return { getNumbers: "", setNumbers: "" };
  if (components) {
    return {
      getNumbers: `Held${i}.getNumbers(this.v${i}, target, at);`,
      setNumbers: `Held${i}.setNumbers(this.v${i}, source, at, isExact);`,
    };
  }
  if (shape.names) {
    return {
      getNumbers: shape.names
        .map((_, column) => `target[at + ${column}] = this.v${i}[names${i}[${column}]];`)
        .join("\n"),
      setNumbers: `this.v${i} = componentsOf(names${i}, source, at);`,
    };
  }
  return {
    getNumbers: `target[at] = this.v${i};`,
    setNumbers: `this.v${i} = source[at];
      ${codec.kernel ? `if (isExact) this.i${i} = toInteger${i}(this.v${i});` : ""}`,
  };
}

function statementsOf(member: Member, fixedBits: number): Statements {
  return { ...valueStatements(member, fixedBits), ...numberStatements(member) };
}

function valueStatements({ index: i, bit, codec, components, held }: Member, fixedBits: number) {
  if (codec.kernel) {
    const bits = Number(codec.kernel.bits);
    return {
      construct: `this.v${i} = default${i}(); this.i${i} = this.s${i} = toInteger${i}(this.v${i});`,
      // Object.is alone would make an object of a number with a fraction.
      set: `if (value === this.v${i} && (value !== 0 || Object.is(value, this.v${i}))) return;
        const integer = toInteger${i}(value);
        this.changing(${bit});
        this.v${i} = value;
        this.i${i} = integer;`,
      settle: `if (this.i${i} !== this.s${i}) { this.s${i} = this.i${i}; differing |= ${bit}; }`,
      write: `writer.writeBits(this.i${i}, ${bits});`,
      // Signed: V8 keeps it out of the heap.
      read: `const integer = ${bits === 32 ? "reader.readInt32()" : `reader.readBits(${bits}) | 0`};
        const value = fromInteger${i}(integer);
        this.v${i} = value;
        this.i${i} = this.s${i} = integer;`,
      readAt: `const integer = ${bitsOfWords(bits)};
        this.v${i} = fromInteger${i}(integer);
        this.i${i} = this.s${i} = integer;
        position += ${bits};`,
    };
  }
  if (components || held) {
    return {
      construct: `this.v${i} = new Held${i}(this);`,
      set: `if (value !== this.v${i}) Held${i}.assign(this.v${i}, value);`,
      settle: `if (Held${i}.settle(this.v${i})) differing |= ${bit};`,
      write: `Held${i}.write(this.v${i}, writer${held ? `, (hidden & ${bit}) !== 0` : ""});`,
      ...(held?.writeDelta && { writeDelta: `Held${i}.writeDelta(this.v${i}, writer);` }),
      read: `Held${i}.read(this.v${i}, reader);`,
      ...(fixedBits > 0 && { readAt: `Held${i}.readAt(this.v${i}, words, position); position += ${fixedBits};` }),
    };
  }
  return {
    construct: `this.v${i} = this.s${i} = default${i}();`,
    set: `if (Object.is(value, this.v${i})) return;
      prepare${i}(value);
      this.changing(${bit});
      this.v${i} = value;`,
    settle: `if ((differing & ${bit}) !== 0 || !equals${i}(this.v${i}, this.s${i})) {
        this.s${i} = this.v${i};
        differing |= ${bit};
      }`,
    write: `write${i}(writer, this.v${i});`,
    read: `this.v${i} = this.s${i} = read${i}(reader);`,
  };
}

/**
 * The class of a definition's values as straight code. Of member 3, the field `v3` has the value, `i3` a scalar as an
 * integer, and `s3` what was sent last. The code's text has numbers of members and bits, and no names.
 */
export function generateValues(definition: BehaviourDefinition): ValuesClass {
  const { members } = definition;
  const fixedBits = members.map(
    ({ codec, index }) => codec.kernel?.bits ?? definition.heldClassOf(index)?.fixedBits ?? 0,
  );
  const statements = members.map((member) => statementsOf(member, fixedBits[member.index] as number));
  const all = (each: (index: number, bit: number, statement: Statements) => string) =>
    members.map(({ index, bit }) => each(index, bit, statements[index] as Statements)).join("\n");
  const source = `"use strict";
    ${all(
      (i) => `const { default: default${i}, equals: equals${i}, read: read${i}, write: write${i} } = codecs[${i}];
        const { toInteger: toInteger${i}, fromInteger: fromInteger${i} } = codecs[${i}].kernel ?? {};
        const Held${i} = helds[${i}], prepare${i} = prepares[${i}], names${i} = names[${i}];`,
    )}
    return class Values extends MemberValues {
      static fixedBits = fixedBits;
      constructor(definition) {
        super(definition);
        ${all((_i, _bit, { construct }) => construct)}
      }
      get(index) {
        switch (index) { ${all((i) => `case ${i}: return this.v${i};`)} }
      }
      set(index, value) {
        switch (index) { ${all((i) => `case ${i}: return this.set${i}(value);`)} }
      }
      ${all((i, _bit, { set }) => `set${i}(value) { ${set} }`)}
      settle(due = -1) {
        const changed = this.changed & due;
        let differing = this.marked & due;
        this.changed &= ~due;
        this.marked &= ~due;
        ${all((_i, bit, { settle }) => `if ((changed & ${bit}) !== 0) { ${settle} }`)}
        return differing;
      }
      write(writer, mask, hidden = 0) {
        ${all((_i, bit, { write }) => `if ((mask & ${bit}) !== 0) { ${write} }`)}
      }
      ${
        statements.some(({ writeDelta }) => writeDelta)
          ? `writeDelta(writer, mask, hidden = 0) {
        ${all((_i, bit, { write, writeDelta = write }) => `if ((mask & ${bit}) !== 0) { ${writeDelta} }`)}
      }`
          : ""
      }
      read(reader, mask) {
        this.reading(mask);
        ${all((_i, bit, { read }) => `if ((mask & ${bit}) !== 0) { ${read} }`)}
      }
      readAt(words, position, mask) {
        this.reading(mask);
        ${all((_i, bit, { readAt }) => (readAt ? `if ((mask & ${bit}) !== 0) { ${readAt} }` : ""))}
        return position;
      }
      getNumbers(index, target, at) {
        switch (index) { ${all((i, _bit, { getNumbers }) => `case ${i}: ${getNumbers} return;`)} }
      }
      setNumbers(index, source, at, isExact) {
        switch (index) { ${all((i, _bit, { setNumbers }) => `case ${i}: ${setNumbers} return;`)} }
      }
      static propertiesOf(valuesOf) {
        return [${all(
          (i) => `{
            get() { return valuesOf(this).v${i}; },
            set(value) { valuesOf(this).set${i}(value); },
          },`,
        )}];
      }
    };`;
  const codecs = members.map(({ codec }) => codec);
  const helds = members.map(({ index }) => definition.heldClassOf(index));
  const names = members.map(({ shape }) => shape?.names);
  const create = new Function(
    ...["MemberValues", "codecs", "helds", "prepares", "names", "componentsOf", "fixedBits", source],
  );
  return create(
    ...[MemberValues, codecs, helds, members.map(prepareValue), names, componentsOf, fixedBits],
  ) as ValuesClass;
}
