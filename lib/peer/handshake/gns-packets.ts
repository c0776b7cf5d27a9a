import { SharedRate } from "../../guard/shared-rate.js";
import { keyOfAddress } from "../../guard/source.js";
import { Delivery, DisconnectCode, type DisconnectReason, type ReceivedPacket } from "../../socket/index.js";
import { PacketReader } from "../frames/packet-reader.js";
import { PacketWriter } from "../frames/packet-writer.js";
import type { HandshakeOwner } from "./handshake-owner.js";

// Two servers on UDP that a client can take for one another. What each says to the other's clients is in the words of
// GNS (its steamnetworkingsockets_messages_udp.proto), whose servers and clients stay as they are.

const CHALLENGE_REQUEST = 32;
const CHALLENGE_REPLY = 33;
const CONNECTION_CLOSED = 36;
/** GNS pads what it answers, so that an answer is never longer than its question. */
const PADDED_BYTES = 512;
/** GNS's number of a reason: the applications' begin there. */
const FIRST_GNS_REASON = 1000;

/** protobuf: the number of a field times 8, and the form of its value. */
enum Field {
  ConnectionId = (1 << 3) | 5,
  Challenge = (2 << 3) | 1,
  Timestamp = (3 << 3) | 1,
  Version = 4 << 3,
  ClosedText = (2 << 3) | 2,
  ClosedReason = 3 << 3,
  ClosedTo = (4 << 3) | 5,
  ClosedFrom = (5 << 3) | 5,
}

const ID_BYTES = 4;
const TIMESTAMP_BYTES = 8;
/** GNS's challenge is its own. */
const CHALLENGE_BYTES = 8;
/** The kind and three fields. */
const ANSWER_BYTES = 1 + (1 + ID_BYTES) + (1 + CHALLENGE_BYTES) + (1 + TIMESTAMP_BYTES);

/** What a client of this library hears from a GNS server. */
export const gnsIsThere: DisconnectReason = {
  code: DisconnectCode.OtherProtocol,
  text: "GameNetworkingSockets answers there, not a server over UDP",
};
const UDP_IS_HERE = "A server of valve-sockets over UDP answers there, not GameNetworkingSockets";

/** Asks whether GNS is there. A server of GNS repeats the nonce (8 bytes), which nobody else knows. */
export function writeGnsQuestion(nonce: Uint8Array): Uint8Array {
  const writer = new PacketWriter().u8(CHALLENGE_REQUEST).u16(2 + ID_BYTES + TIMESTAMP_BYTES);
  writer.u8(Field.ConnectionId).bytes(idOf(nonce));
  return writer.u8(Field.Timestamp).bytes(nonce).finish(PADDED_BYTES);
}

/** Whether a packet is the answer of GNS to the question with this nonce. */
export function isGnsAnswer(
  { buffer, offset, length }: Pick<ReceivedPacket, "buffer" | "offset" | "length">,
  nonce: Uint8Array,
): boolean {
  if (length < ANSWER_BYTES || buffer[offset] !== CHALLENGE_REPLY) return false;
  const idAt = offset + 2;
  const challengeAt = idAt + ID_BYTES;
  const timestampAt = challengeAt + 1 + CHALLENGE_BYTES;
  const hasFields =
    buffer[idAt - 1] === Field.ConnectionId &&
    buffer[challengeAt] === Field.Challenge &&
    buffer[timestampAt] === Field.Timestamp;
  const isSame = (byte: number, index: number) =>
    buffer[timestampAt + 1 + index] === byte && (index >= ID_BYTES || buffer[idAt + index] === idByte(byte));
  return hasFields && nonce.every(isSame);
}

/** Whether a packet may be what a server of this library says to a client of GNS. */
export const isUdpAnswer = (packet: Uint8Array): boolean => packet[0] === CONNECTION_CLOSED;

/** GNS's ids are not 0. */
const idByte = (byte: number) => byte | 1;
const idOf = (nonce: Uint8Array) => nonce.subarray(0, ID_BYTES).map(idByte);

/** The id of a client of GNS that has come to a server over UDP, by its first packet. Null for all other packets. */
function readGnsClient({ buffer, offset, length }: ReceivedPacket): Uint8Array | null {
  if (length < PADDED_BYTES) return null;
  const reader = new PacketReader();
  reader.start(buffer, offset, offset + length);
  if (reader.u8() !== CHALLENGE_REQUEST || reader.u16() > length - 3) return null;
  if (reader.u8() !== Field.ConnectionId) return null;
  const id = reader.bytes(ID_BYTES);
  if (reader.u8() !== Field.Timestamp) return null;
  reader.bytes(TIMESTAMP_BYTES);
  // The question of our own clients has no version.
  return reader.u8() === Field.Version ? id : null;
}

/** Ends the attempt of a GNS client, by its id. */
function writeGnsClosed(id: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(UDP_IS_HERE);
  const reason = FIRST_GNS_REASON + DisconnectCode.OtherProtocol;
  const sizeBytes = 2 + text.length + 3 + 2 * (1 + ID_BYTES);
  const writer = new PacketWriter().u8(CONNECTION_CLOSED).u16(sizeBytes);
  writer.u8(Field.ClosedText).u8(text.length).bytes(text);
  writer
    .u8(Field.ClosedReason)
    .u8((reason & 127) | 128)
    .u8(reason >> 7);
  return writer.u8(Field.ClosedTo).bytes(id).u8(Field.ClosedFrom).bytes(id).finish(PADDED_BYTES);
}

/** Answers to strangers, and as long as what they have sent. */
const RATE = { perSecond: 200, burst: 400, sourceBurst: 20 };

/** Tells clients of GNS that this is no server of GNS, in place of the silence until their timeout. */
export class GnsClients {
  readonly #owner: HandshakeOwner;
  readonly #rate: SharedRate;

  constructor(owner: HandshakeOwner) {
    this.#owner = owner;
    this.#rate = new SharedRate(owner.config.clock, RATE);
  }

  answer(packet: ReceivedPacket): void {
    const { handle } = packet;
    const id = handle.transport === "udp" ? readGnsClient(packet) : null;
    if (!id || !this.#rate.tryTake(keyOfAddress(handle.address))) return;
    const closed = writeGnsClosed(id);
    this.#owner.transmit(handle, closed, closed.length, Delivery.Reliable, 0);
  }
}
