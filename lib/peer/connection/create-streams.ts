import { Channel } from "../channel.js";
import { STREAM_LANE } from "../packet-format.js";
import type { Profile } from "../profile.js";
import { StreamTable } from "../streams/stream-table.js";
import type { ConnectionOwner } from "./connection-owner.js";
import type { PeerConnection } from "./peer-connection.js";

/** The streams of a connection, over its profile. */
export function createStreams(connection: PeerConnection, profile: Profile, owner: ConnectionOwner): StreamTable {
  return new StreamTable({
    maxStreams: owner.config.maxStreams,
    send: (lane, bytes, length) => profile.send(Channel.Reliable, lane, bytes, 0, length, null),
    queuedBytes: () => profile.queuedBytes(STREAM_LANE),
    changed: () => owner.changed(connection),
    failed: (error) => owner.report(error, connection),
    malformed: (text) => connection.malformed(text),
  });
}
