import type { NetworkingSockets } from "../valve/sockets/networking-sockets.js";
import { ConnectionState } from "../valve/values/connection-state.js";
import type { ConnectionRow } from "./snapshot.js";

/** GNS's bits of what is not protected. */
const UNENCRYPTED = 2;

/** A row for each of these connections that is still there. GNS gives rates and no totals. */
export function socketRows(sockets: NetworkingSockets, handles: readonly number[]): ConnectionRow[] {
  return handles.flatMap((handle) => {
    const status = sockets.getQuickConnectionStatus(handle);
    const info = sockets.getConnectionInfo(handle);
    if (!status || !info) return [];
    const { ping, connectionQualityRemote, outBytesPerSecond, inBytesPerSecond, maxJitter } = status;
    const isProtected = (info.flags & UNENCRYPTED) === 0;
    return [
      {
        ...{ id: handle, address: info.address.toString(), transport: "gns", state: ConnectionState[status.state] },
        ...{ security: info.isAuthenticated ? "authenticated" : isProtected ? "encrypted" : "none" },
        ...{ roundTripTimeMs: Math.max(ping, 0), acknowledgeDelayMs: 0, messagesRefused: 0, messagesDropped: 0 },
        ...{
          packetsSent: 0,
          packetsLost: 0,
          bytesSent: 0,
          bytesReceived: 0,
          bytesRetransmitted: 0,
          lag: null,
          client: null,
        },
        bytesPerSecond: status.sendRateBytesPerSecond,
        bufferedBytes: status.pendingReliable + status.pendingUnreliable + status.sentUnackedReliable,
        rates: {
          ...{ sentBytes: outBytesPerSecond, receivedBytes: inBytesPerSecond },
          loss: connectionQualityRemote < 0 ? 0 : 1 - connectionQualityRemote,
          jitterMs: Math.max(maxJitter, 0) / 1000,
        },
      },
    ];
  });
}
