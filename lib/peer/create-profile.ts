import type { TransportKeys } from "../noise/index.js";
import type { IConnectionHandle } from "../socket/index.js";
import type { Encryption } from "./handshake/encryption.js";
import { ReliableLanesProfile } from "./over-reliable/reliable-lanes-profile.js";
import { StreamProfile } from "./over-reliable/stream-profile.js";
import { ProfileKind } from "./packet-format.js";
import type { PeerConfig } from "./peer-config.js";
import type { Profile, ProfileHost } from "./profile.js";
import { RawUdpProfile } from "./raw-udp/raw-udp-profile.js";

/** What a handshake has settled. */
export interface ProfileSettings {
  config: PeerConfig;
  encryption: Encryption | null;
  keys: TransportKeys | null;
  handle: IConnectionHandle;
  session: number;
  maxPacketSize: number;
}

/** The space of packet numbers of raw UDP. */
const RAW_UDP_SPACE = 0;

export function createProfile(kind: ProfileKind, host: ProfileHost, settings: ProfileSettings): Profile {
  const { config, encryption, keys, handle, session, maxPacketSize } = settings;
  const createSeal = encryption && keys ? (space: number) => encryption.createSeal(keys, space) : null;
  const { maxReliableMessageSize, maxQueuedBytes } = config;
  const common = { handle, maxPacketSize, maxReliableMessageSize, maxQueuedBytes };
  switch (kind) {
    case ProfileKind.Stream:
      return new StreamProfile(host, common);
    case ProfileKind.ReliableLanes:
      return new ReliableLanesProfile(host, { ...common, createSeal });
    default:
      return new RawUdpProfile(host, {
        sessionId: session,
        maxPacketSize,
        seal: createSeal?.(RAW_UDP_SPACE) ?? null,
        limits: { maxReliableMessageSize, maxQueuedBytes },
        random: config.random,
      });
  }
}
