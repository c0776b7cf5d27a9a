import { ByteSegment } from "../../peer/index.js";
import { bytesView, type Codec, defineCodec, type NetworkReader } from "../../serialization/index.js";
import { MAX_PACKET_BYTES } from "./packets.js";

const { layout, maxBits, minBits, heapBytes, borrowed, equals } = bytesView(MAX_PACKET_BYTES);

/** A packet within a message, as `bytesView` has it; no object is made to write it, or to read it with `reuse`. */
export const packetCodec: Codec<ByteSegment> = defineCodec<ByteSegment>({
  ...{ layout, maxBits, minBits, heapBytes, borrowed },
  write: (writer, { buffer, offset, length }) => {
    writer.writeRanged(length, 0, MAX_PACKET_BYTES);
    writer.align();
    writer.writeSegment(buffer, offset, length);
  },
  read: (reader) => readInto(reader, new ByteSegment()),
  readInto,
  equals: (a, b) => equals(a.view(), b.view()),
  default: () => new ByteSegment(),
});

function readInto(reader: NetworkReader, segment: ByteSegment): ByteSegment {
  const length = reader.readRanged(0, MAX_PACKET_BYTES);
  reader.align();
  return reader.readSegment(length, segment);
}
