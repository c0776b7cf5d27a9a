import { rangeError, typeError } from "../arguments.js";
import { hasUnseen } from "../printable.js";
import { badValue } from "../serialization/errors.js";
import { type Codec, defineCodec, type NetworkReader, type NetworkWriter, string } from "../serialization/index.js";
import { utf8Length } from "../utf8.js";

/** A property by which rooms are found. */
export type LabelValue = string | number | boolean;

/**
 * What rooms are found by: at most 16 labels, with names of 1 to 32 bytes of UTF-8. Texts have at most 64 bytes of
 * UTF-8 without control and invisible characters; numbers are finite.
 */
export type Labels = Readonly<Record<string, LabelValue>>;

const MAX_LABELS = 16;
const MAX_NAME_BYTES = 32;
const MAX_TEXT_BYTES = 64;

const name = string(MAX_NAME_BYTES);
const text = string(MAX_TEXT_BYTES);

enum Kind {
  Text = 0,
  Number = 1,
  False = 2,
  True = 3,
}

/** @throws RangeError for what is no name of so many bytes of UTF-8, without control and invisible characters */
export function checkName(what: string, name: string, maxBytes: number): void {
  if (!isName(name, maxBytes)) throw rangeError(what, `1 to ${maxBytes} bytes of UTF-8 that can be seen`);
}

const isName = (name: string, maxBytes: number) => name !== "" && utf8Length(name) <= maxBytes && !hasUnseen(name);

/** @throws TypeError, RangeError for what are no labels */
export function checkLabels(what: string, labels: Labels): void {
  if (typeof labels !== "object" || labels === null) throw typeError(what, "an object");
  const entries = Object.entries(labels);
  if (entries.length > MAX_LABELS) throw rangeError(what, `at most ${MAX_LABELS} labels`);
  for (const [label, value] of entries) {
    const fault = faultOf(label, value);
    if (fault) throw rangeError(`${what}.${label}`, fault);
  }
}

/** What a label has to be, null where it is. */
function faultOf(label: string, value: unknown): string | null {
  if (!isName(label, MAX_NAME_BYTES)) return `a name of 1 to ${MAX_NAME_BYTES} bytes of UTF-8 that can be seen`;
  if (typeof value === "number") return Number.isFinite(value) ? null : "a finite number";
  if (typeof value === "boolean") return null;
  const isText = typeof value === "string" && utf8Length(value) <= MAX_TEXT_BYTES && !hasUnseen(value);
  return isText ? null : `a number, a boolean, or a text of at most ${MAX_TEXT_BYTES} bytes that can be seen`;
}

/** Says of labels whether they have all that are wanted. Made once for many rooms: a stranger's wish may have 16. */
export function labelMatcher(wanted: Labels): (labels: Labels) => boolean {
  const entries = Object.entries(wanted);
  return (labels) => entries.every(([label, value]) => labels[label] === value);
}

/** Labels as they travel. Strangers send them, so they are checked when they are read. */
export const labelsCodec: Codec<Labels> = defineCodec<Labels>({
  layout: "labels",
  minBits: 8,
  write: (writer, labels) => {
    checkLabels("labels", labels);
    const entries = Object.entries(labels);
    writer.writeUint8(entries.length);
    for (const [label, value] of entries) {
      name.write(writer, label);
      writeValue(writer, value);
    }
  },
  read: (reader) => {
    const count = reader.readUint8();
    if (count > MAX_LABELS) throw badValue(`${count} labels are over ${MAX_LABELS}`);
    const entries: [string, LabelValue][] = [];
    for (let index = 0; index < count; index++) {
      const label = name.read(reader);
      const value = readValue(reader);
      if (faultOf(label, value)) throw badValue("A label is not as labels are");
      entries.push([label, value]);
    }
    return Object.fromEntries(entries);
  },
  equals: (one, other) => labelMatcher(one)(other) && labelMatcher(other)(one),
  default: () => ({}),
});

function writeValue(writer: NetworkWriter, value: LabelValue): void {
  if (typeof value === "string") {
    writer.writeBits(Kind.Text, 2);
    text.write(writer, value);
  } else if (typeof value === "number") {
    writer.writeBits(Kind.Number, 2);
    writer.writeFloat64(value);
  } else writer.writeBits(value ? Kind.True : Kind.False, 2);
}

function readValue(reader: NetworkReader): LabelValue {
  const kind: Kind = reader.readBits(2);
  if (kind === Kind.Text) return text.read(reader);
  return kind === Kind.Number ? reader.readFloat64() : kind === Kind.True;
}
