// Each side: how a message is packed and unpacked. `pack` gives the bytes it wrote, which may be a view of its own
// memory.
import { schema, t } from "@colyseus/schema";
import { InputDecoder, InputEncoder } from "@colyseus/schema/input";
import { Packr } from "msgpackr";
import {
  angle,
  array,
  bits,
  bool,
  float32,
  NetworkReader,
  NetworkWriter,
  packed,
  quantized,
  quaternion,
  string,
  struct,
  u32,
} from "../../dist/serialization/index.js";

const position = quantized({ max: 100, precision: 0.01 });
const movement = struct({ sequence: packed, x: position, y: position, heading: angle({ bits: 10 }), firing: bool });
const codecs = {
  movement,
  "movement, floats": struct({ sequence: u32, x: float32, y: float32, heading: float32, firing: bool }),
  chat: struct({ channel: packed, name: string(32), text: string(255) }),
  "10 movements": struct({ list: array(movement, 1000) }),
  "100 movements": struct({ list: array(movement, 1000) }),
  "1000 movements": struct({ list: array(movement, 1000) }),
};

function ours(message) {
  const codec = codecs[message];
  const [writer, reader] = [new NetworkWriter(), new NetworkReader()];
  return {
    pack(value) {
      writer.reset();
      codec.write(writer, value);
      return writer.view();
    },
    unpack(bytes) {
      reader.reset(bytes);
      return codec.read(reader);
    },
  };
}

/** With records: the names of fields are sent once, before. */
function msgpackr(message) {
  const packr = new Packr({ structures: [], ...(message === "movement, floats" ? { useFloat32: 1 } : {}) });
  return { pack: (value) => packr.pack(value), unpack: (bytes) => packr.unpack(bytes) };
}

/** Its path for messages of a client; every field has changed. It decodes into the one instance. */
function colyseus(message) {
  if (message === "chat") return colyseusOf({ channel: t.uint8(), name: t.string(), text: t.string() });
  return colyseusOf({
    sequence: t.uint32(),
    x: t.float32(),
    y: t.float32(),
    heading: t.float32(),
    firing: t.boolean(),
  });
}

function colyseusOf(fields) {
  const Message = schema(fields, "Message");
  const names = Object.keys(fields);
  const [sent, received] = [new Message(), new Message()];
  const [encoder, decoder] = [new InputEncoder(sent), new InputDecoder(received)];
  // Straight code, as a program would have it.
  const assign = new Function("sent", "value", names.map((name) => `sent.${name} = value.${name};`).join("\n"));
  return {
    pack(value) {
      assign(sent, value);
      return encoder.encode();
    },
    unpack(bytes) {
      decoder.decode(bytes);
      return received;
    },
  };
}

export const sides = { ours, msgpackr, colyseus };

/** A number's codec, and what a program without one would write with a DataView. */
export const packers = {
  "10 bits": { codec: bits(10), bytes: 2, set: (view, at, value) => view.setUint16(at, value, true) },
  packed: { codec: packed, bytes: 4, set: (view, at, value) => view.setUint32(at, value, true) },
  quantized: { codec: position, bytes: 4, set: (view, at, value) => view.setFloat32(at, value, true) },
  angle: { codec: angle({ bits: 10 }), bytes: 4, set: (view, at, value) => view.setFloat32(at, value, true) },
  quaternion: {
    codec: quaternion(),
    bytes: 16,
    set(view, at, { x, y, z, w }) {
      view.setFloat32(at, x, true);
      view.setFloat32(at + 4, y, true);
      view.setFloat32(at + 8, z, true);
      view.setFloat32(at + 12, w, true);
    },
  },
};
