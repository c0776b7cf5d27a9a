import type { Encryption } from "./handshake/encryption.js";
import type { AgreedConnection } from "./handshake/handshake-owner.js";
import { ReliableLanesProfile } from "./over-reliable/reliable-lanes-profile.js";
import { StreamProfile } from "./over-reliable/stream-profile.js";
import { ProfileKind } from "./packet-format.js";
import type { PeerConfig } from "./peer-config.js";
import type { Profile, ProfileHost } from "./profile.js";
import { RawUdpProfile } from "./raw-udp/raw-udp-profile.js";

/** The space of packet numbers of raw UDP. */
const RAW_UDP_SPACE = 0;

export function createProfile(
  host: ProfileHost,
  { profile, keys, handle, session, maxPacketSize }: AgreedConnection,
  encryption: Encryption | null,
  { maxReliableMessageSize, maxQueuedBytes, random }: PeerConfig,
): Profile {
  const createSeal = encryption && keys ? (space: number) => encryption.createSeal(keys, space) : null;
  const limits = { maxPacketSize, maxReliableMessageSize, maxQueuedBytes };
  switch (profile) {
    case ProfileKind.Stream:
      return new StreamProfile(host, handle, limits);
    case ProfileKind.ReliableLanes:
      return new ReliableLanesProfile(host, handle, limits, createSeal);
    default:
      return new RawUdpProfile(host, {
        ...limits,
        sessionId: session,
        seal: createSeal?.(RAW_UDP_SPACE) ?? null,
        random,
      });
  }
}
