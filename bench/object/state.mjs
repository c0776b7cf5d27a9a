// Setting two members of each object, writing what has changed, and reading it on the other side.
import { memberValues, NetworkBehaviour } from "../../dist/object/behaviour/network-behaviour.js";
import { networked } from "../../dist/object/behaviour/networked.js";
import { float32, NetworkReader, NetworkWriter, quantized, vec2 } from "../../dist/serialization/index.js";
import { mediansNs } from "./clock.mjs";

const kinds = {
  scalars: {
    members: { x: float32, y: float32 },
    bits: 2,
    set(behaviour, x, y) {
      behaviour.x = x;
      behaviour.y = y;
    },
  },
  vector: {
    members: { position: vec2() },
    bits: 1,
    set({ position }, x, y) {
      position.x = x;
      position.y = y;
    },
  },
};
kinds.quantized = { ...kinds.vector, members: { position: vec2(quantized({ max: 2000, bits: 16 })) } };

/** Nanoseconds an object: two 32-bit floats are set, written and read; `kind` is one of `kinds`. */
export function state({ objects = 1000, kind = "scalars", seconds = 1.5 } = {}) {
  const { members, bits, set } = kinds[kind];
  const Body = networked(class Body extends NetworkBehaviour {}, members);
  const bodies = Array.from({ length: objects }, () => new Body());
  const near = bodies.map(memberValues);
  const far = Array.from({ length: objects }, () => memberValues(new Body()));
  const changed = [];
  const owner = { changed: (values) => changed.push(values), noted() {} };
  for (const values of near) values.owner = owner;
  const writer = new NetworkWriter({ sizeBytes: 16 * objects });
  const reader = new NetworkReader();
  const setAll = (n) => {
    for (let index = 0; index < objects; index++) set(bodies[index], index + (n % 900), index - (n % 900));
  };
  const encode = () => {
    writer.reset();
    for (const values of changed) {
      const mask = values.settle();
      writer.writeBits(mask, bits);
      values.write(writer, mask);
    }
    changed.length = 0;
  };
  const decode = () => {
    reader.reset(writer.buffer, 0, writer.byteLength);
    for (const values of far) values.read(reader, reader.readBits(bits));
  };
  const [setNs, encodeNs, decodeNs] = mediansNs([setAll, encode, decode], seconds).map((ns) => ns / objects);
  return { set: setNs, encode: encodeNs, decode: decodeNs };
}
