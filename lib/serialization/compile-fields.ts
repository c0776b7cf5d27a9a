import { invalidType, outOfRange } from "../arguments.js";
import type { Codec } from "./codec.js";
import { inField, wrongValue } from "./errors.js";
import type { NetworkReader } from "./network-reader.js";
import type { NetworkWriter } from "./network-writer.js";

/** A struct's fields by name, or a tuple's by index. */
type FieldEntries = readonly (readonly [string | number, Codec<unknown>])[];

type Values = Record<string | number, unknown>;

/** How an object with these fields is written and read. */
export interface CompiledFields {
  write(writer: NetworkWriter, value: Values): void;
  read(reader: NetworkReader): Values;
  readInto(reader: NetworkReader, target: Values): Values;
  equals(a: Values, b: Values): boolean;
  default(): Values;
}

/** Generates straight code if the platform allows it: 1.7 times as fast as a loop to write, 3 times to read. */
export function compileFields(entries: FieldEntries, tuple = false): CompiledFields {
  for (const [name, codec] of entries) {
    if (name === "__proto__") throw invalidType("__proto__ cannot be a field");
    if (typeof codec?.read !== "function")
      throw inField(
        wrongValue(
          codec,
          "object",
          `a codec${typeof codec === "function" ? ": call it, as in string(100)" : ", such as string(100)"}`,
        ),
        placeOf(name),
      );
  }
  return mayGenerate() ? generateFields(entries, tuple) : loopOverFields(entries, tuple);
}

let generates: boolean | undefined;

/** A Content-Security-Policy without `unsafe-eval`, or Node's --disallow-code-generation-from-strings, forbids it. */
export function mayGenerate(): boolean {
  if (generates === undefined) {
    try {
      generates = new Function("return true")() as boolean;
    } catch {
      generates = false;
    }
  }
  return generates;
}

const placeOf = (name: string | number) => (typeof name === "number" ? `[${name}]` : name);

function requireObject(entries: FieldEntries): (value: unknown) => void {
  return (value) => {
    if (typeof value === "object" && value !== null) return;
    const names = entries.slice(0, 5).map(([name]) => name);
    throw wrongValue(value, "object", `an object with ${names.join(", ")}${entries.length > 5 ? ", …" : ""}`);
  };
}

function requireTuple(value: unknown, length: number): void {
  if (!Array.isArray(value)) throw wrongValue(value, "array", `an array of ${length}`);
  if (value.length !== length) throw outOfRange(`an array of ${value.length} is not one of ${length}`);
}

/** The source text consists of field names as JSON strings, of indices, and of the literals below. */
function generateFields(entries: FieldEntries, tuple: boolean): CompiledFields {
  const codecs = entries.map(([, codec]) => codec);
  const lines = (each: (index: number, key: string, codec: Codec<unknown>) => string, separator = "\n") =>
    entries.map(([name, codec], index) => each(index, JSON.stringify(name), codec)).join(separator);
  const literal = (each: (index: number) => string) =>
    tuple ? `[${lines(each, ", ")}]` : `{ ${lines((index, key) => `${key}: ${each(index)}`, ", ")} }`;
  const declared = (i: number) =>
    ["write", "read", "readInto", "equals", "default"]
      .map((part) => `const ${part}${i} = codecs[${i}].${part};`)
      .join(" ");
  const readInto = (i: number, key: string, codec: Codec<unknown>) =>
    `target[${key}] = ${codec.readInto ? `readInto${i}(reader, target[${key}])` : `read${i}(reader)`};`;
  const source = `"use strict";
    ${lines(declared)}
    return {
      write(writer, value) {
        let field = 0;
        requireValue(value, ${entries.length});
        try {
          ${lines((i, key) => `field = ${i}; write${i}(writer, value[${key}]);`)}
        } catch (error) {
          throw inField(error, places[field]);
        }
      },
      read(reader) {
        return ${literal((i) => `read${i}(reader)`)};
      },
      readInto(reader, target) {
        ${lines(readInto)}
        return target;
      },
      equals(a, b) {
        return ${lines((i, key) => `equals${i}(a[${key}], b[${key}])`, " && ") || "true"};
      },
      default() {
        return ${literal((i) => `default${i}()`)};
      },
    };`;
  const places = entries.map(([name]) => placeOf(name));
  const create = new Function("codecs", "places", "requireValue", "inField", source);
  return create(codecs, places, tuple ? requireTuple : requireObject(entries), inField) as CompiledFields;
}

function loopOverFields(entries: FieldEntries, tuple: boolean): CompiledFields {
  const create = (each: (codec: Codec<unknown>) => unknown) => {
    const values = (tuple ? [] : {}) as Values;
    for (const [name, codec] of entries) values[name] = each(codec);
    return values;
  };
  const requireFields = requireObject(entries);
  return {
    write(writer, value) {
      if (tuple) requireTuple(value, entries.length);
      else requireFields(value);
      for (const [name, codec] of entries) {
        try {
          codec.write(writer, value[name]);
        } catch (error) {
          throw inField(error, placeOf(name));
        }
      }
    },
    read: (reader) => create((codec) => codec.read(reader)),
    readInto(reader, target) {
      for (const [name, codec] of entries) {
        target[name] = codec.readInto ? codec.readInto(reader, target[name]) : codec.read(reader);
      }
      return target;
    },
    equals: (a, b) => entries.every(([name, codec]) => codec.equals(a[name], b[name])),
    default: () => create((codec) => codec.default()),
  };
}
