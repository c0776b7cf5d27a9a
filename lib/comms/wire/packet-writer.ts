import { ByteSegment } from "../../peer/index.js";
import { type Codec, NetworkWriter } from "../../serialization/index.js";
import { contents, HEADER_BYTES, MAGIC, MAX_DESTINATIONS, MAX_PACKET_BYTES, PacketType } from "./packets.js";

/** Writes packets, each into the same memory: a packet is valid until the next one is written. */
export class PacketWriter {
  readonly writer = new NetworkWriter({ sizeBytes: MAX_PACKET_BYTES, maxBytes: MAX_PACKET_BYTES });
  readonly #segment = new ByteSegment();

  /** Begins a packet; all but `HandshakeRequest` name the session. */
  begin(type: PacketType, session: number): NetworkWriter {
    const { writer } = this;
    writer.reset();
    writer.writeUint16(MAGIC);
    writer.writeUint8(type);
    if (type !== PacketType.HandshakeRequest) writer.writeUint32(session);
    return writer;
  }

  /** The packet that was begun. */
  end(): ByteSegment {
    const { writer } = this;
    return this.#segment.set(writer.buffer, 0, writer.byteLength);
  }

  /** @throws TypeError, RangeError for what the codec cannot write; NetworkError `ERR_MESSAGE_SIZE` over 1024 bytes */
  write<T>(type: PacketType, session: number, codec: Codec<T>, value: T): ByteSegment {
    codec.write(this.begin(type, session), value);
    return this.end();
  }

  /** A packet that the server sends on, as it is, to the clients `ids`. */
  relay(
    type: PacketType,
    session: number,
    ids: readonly number[],
    { buffer, offset, length }: ByteSegment,
  ): ByteSegment {
    const writer = this.begin(type, session);
    contents.destinations.write(writer, ids as number[]);
    writer.align();
    writer.writeBytes(buffer.subarray(offset, offset + length));
    return this.end();
  }

  /** How many destinations fit beside a packet of `bytes` bytes. */
  static relayRoom(bytes: number): number {
    return Math.max(0, Math.min(MAX_DESTINATIONS, Math.floor((MAX_PACKET_BYTES - HEADER_BYTES - 2 - bytes) / 2)));
  }
}
