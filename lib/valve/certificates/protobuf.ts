import { concatBytes } from "../../bytes.js";

/** A value of Protocol Buffers, of the kinds that certificates need: bytes, text, fixed and variable-length numbers. */
export type ProtobufValue = Uint8Array | string | { varint: number } | { fixed32: number } | { fixed64: bigint };

enum WireType {
  Varint = 0,
  Fixed64 = 1,
  Bytes = 2,
  Fixed32 = 5,
}

/** Encodes fields in the order given. */
export function encodeProtobuf(fields: readonly [number: number, value: ProtobufValue][]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    const tag = (type: WireType) => parts.push(encodeVarint(number * 8 + type));
    if (typeof value === "string" || value instanceof Uint8Array) {
      const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
      tag(WireType.Bytes);
      parts.push(encodeVarint(bytes.length), bytes);
    } else if ("varint" in value) {
      tag(WireType.Varint);
      parts.push(encodeVarint(value.varint));
    } else {
      const isLong = "fixed64" in value;
      const bytes = new Uint8Array(isLong ? 8 : 4);
      const view = new DataView(bytes.buffer);
      tag(isLong ? WireType.Fixed64 : WireType.Fixed32);
      if (isLong) view.setBigUint64(0, value.fixed64, true);
      else view.setUint32(0, value.fixed32, true);
      parts.push(bytes);
    }
  }
  return concatBytes(parts);
}

/** A field of an encoded message: `bytes` is the whole field with its tag, `value` its content, null for a varint. */
export interface ProtobufField {
  number: number;
  bytes: Uint8Array;
  value: Uint8Array | null;
}

/** The fields of a message in their order. Null: it is malformed. */
export function decodeProtobuf(bytes: Uint8Array): ProtobufField[] | null {
  const fields: ProtobufField[] = [];
  let offset = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = bytes[offset++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (offset < bytes.length) {
    const start = offset;
    const tag = varint();
    if (tag < 8) return null; // no field has the number 0
    const type: WireType = tag % 8;
    let size: number;
    if (type === WireType.Bytes) size = varint();
    else if (type === WireType.Varint) size = Number.isNaN(varint()) ? Number.NaN : 0;
    else if (type === WireType.Fixed64 || type === WireType.Fixed32) size = type === WireType.Fixed64 ? 8 : 4;
    else return null;
    const end = offset + size;
    if (Number.isNaN(end) || end > bytes.length) return null;
    const value = type === WireType.Varint ? null : bytes.subarray(offset, end);
    fields.push({ number: Math.floor(tag / 8), bytes: bytes.subarray(start, end), value });
    offset = end;
  }
  return fields;
}

/** The value of the last field with this number, which is the one that counts in Protocol Buffers. */
export function protobufBytes(message: Uint8Array, number: number): Uint8Array | undefined {
  return decodeProtobuf(message)?.findLast((field) => field.number === number)?.value ?? undefined;
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}
