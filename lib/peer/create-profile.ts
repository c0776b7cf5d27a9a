import type { DisconnectReason } from "../socket/index.js";
import { encodeCloseFrame } from "./frames/close-frame.js";
import { writeDataNumber, writeDataSession } from "./frames/data-header.js";
import type { Encryption } from "./handshake/encryption.js";
import type { AgreedConnection } from "./handshake/handshake-owner.js";
import { ReliableLanesProfile } from "./over-reliable/reliable-lanes-profile.js";
import { StreamProfile } from "./over-reliable/stream-profile.js";
import { DATA_HEADER_BYTES, ProfileKind, TAG_BYTES } from "./packet-format.js";
import type { PeerConfig } from "./peer-config.js";
import type { PathHost, Profile, ProfileHost } from "./profile.js";
import { PathValidation } from "./raw-udp/path-validation.js";
import { RawUdpProfile } from "./raw-udp/raw-udp-profile.js";

/** The space of packet numbers of raw UDP. */
const RAW_UDP_SPACE = 0;

export function createProfile(
  host: ProfileHost & PathHost,
  { profile, keys, handle, session, maxPacketSize, provedPacketSize }: AgreedConnection,
  encryption: Encryption | null,
  { maxReliableMessageSize, maxQueuedBytes, random, randomBytes, timeoutMs }: PeerConfig,
): Profile {
  const createSeal = encryption && keys ? (space: number) => encryption.createSeal(keys, space) : null;
  host.metrics.maxPacketSize = maxPacketSize;
  const limits = { maxPacketSize, maxReliableMessageSize, maxQueuedBytes };
  switch (profile) {
    case ProfileKind.Stream:
      return new StreamProfile(host, handle, limits);
    case ProfileKind.ReliableLanes:
      return new ReliableLanesProfile(host, handle, limits, createSeal, timeoutMs);
    default:
      return new RawUdpProfile(host, {
        ...limits,
        provedPacketSize,
        timeoutMs,
        sessionId: session,
        seal: createSeal?.(RAW_UDP_SPACE) ?? null,
        random,
        paths: createSeal && new PathValidation(host, randomBytes),
      });
  }
}

/** The packet that a raw UDP profile would send if it did nothing but close: Close, with the first number. */
export function createOnlyClose(
  { keys, session }: AgreedConnection,
  encryption: Encryption | null,
  reason: DisconnectReason,
): Uint8Array {
  const seal = encryption && keys ? encryption.createSeal(keys, RAW_UDP_SPACE) : null;
  const frame = encodeCloseFrame(reason);
  const end = DATA_HEADER_BYTES + frame.length;
  const packet = new Uint8Array(end + (seal ? TAG_BYTES : 0));
  writeDataSession(packet, session);
  writeDataNumber(packet, 0);
  packet.set(frame, DATA_HEADER_BYTES);
  seal?.seal(0, packet, 0, DATA_HEADER_BYTES, end);
  return packet;
}
