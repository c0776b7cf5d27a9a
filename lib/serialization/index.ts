/// <reference path="../globals.ts" preserve="true" />
/** Values as bits: a writer, a reader, and codecs for values of all types. See docs/serialization.md. */
export { enumeration, optional, type UnionOf, union } from "./choices.js";
export { type Codec, type CodecDefinition, decode, defineCodec, encode, type Infer, type Kernel } from "./codec.js";
export { array, map, set } from "./collections.js";
export {
  type AngleOptions,
  angle,
  float32,
  float64,
  type QuantizedOptions,
  quantized,
  type Resolution,
} from "./floats.js";
export {
  bits,
  blocks,
  bool,
  i8,
  i16,
  i32,
  i54,
  i64,
  packed,
  packed64,
  packedSigned,
  ranged,
  sized,
  u8,
  u16,
  u32,
  u53,
  u64,
  zigZag,
} from "./integers.js";
export { layoutHashOf } from "./layout-hash.js";
export { NetworkReader, type SegmentTarget } from "./network-reader.js";
export { NetworkWriter, type NetworkWriterOptions } from "./network-writer.js";
export { Pool } from "./pool.js";
export { bytes, bytesView, string, stringTable } from "./strings.js";
export { extensible, type Fields, type StructOf, struct, tuple } from "./struct.js";
export { type Quaternion, quaternion, type Vector2, type Vector3, vec2, vec3 } from "./vectors.js";
