import { array, bytes, decode, type Infer, NetworkWriter, string, u53, u64, union } from "../../serialization/index.js";
import { MAX_ENGINE_BYTES } from "../engine/engine.js";

/** What a record costs beside the bytes of its events or its checkpoint. */
const HEAD_BYTES = 128;
/** The most bytes of an event, and of a checkpoint. */
export const MAX_CONTENT_BYTES = MAX_ENGINE_BYTES - HEAD_BYTES;
/** What an event costs in a batch beside its bytes. */
export const EVENT_BYTES = 4;
/** How many events a batch has. */
export const MAX_EVENTS = 512;

const recordCodec = union("kind", {
  /** An owner begins. Every owner before it is refused from here on. */
  fence: { epoch: u64, owner: string(64) },
  /** What was committed in one turn. */
  events: { events: array(bytes(MAX_CONTENT_BYTES), MAX_EVENTS) },
  /** The room as it was behind the record `covers`. It stands for the fence of its owner too, which it may replace. */
  checkpoint: { epoch: u64, covers: u53, state: bytes(MAX_CONTENT_BYTES) },
  /** The room is over: whoever begins behind it begins with nothing. */
  end: {},
});

/** A record in the log of a room. */
export type RoomRecord = Infer<typeof recordCodec>;

export function encodeRecord(record: RoomRecord): Uint8Array {
  const writer = new NetworkWriter({ sizeBytes: 256, maxBytes: MAX_ENGINE_BYTES });
  recordCodec.write(writer, record);
  return writer.toBytes();
}

/** @throws NetworkError for what no host has written */
export const decodeRecord = (data: Uint8Array): RoomRecord => decode(recordCodec, data);
