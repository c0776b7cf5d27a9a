import type { InputBuffer } from "../../lib/object/input/input-buffer.js";
import { type Codec, NetworkReader, NetworkWriter } from "../../lib/serialization/index.js";

/** Adds inputs to a buffer as messages do. */
export function adderOf<Input>(buffer: InputBuffer<Input>, codec: Codec<Input>) {
  const writer = new NetworkWriter();
  const reader = new NetworkReader();
  return (tick: number, input: Input, nextTick: number): boolean => {
    writer.reset();
    codec.write(writer, input);
    reader.reset(writer.buffer, 0, writer.byteLength);
    return buffer.read(tick >>> 0, nextTick, reader);
  };
}
