import type { NativeConnectionInfo } from "../../addon/native.js";
import { Address } from "./address.js";
import { ConnectionState } from "./connection-state.js";
import { NetworkingIdentity } from "./networking-identity.js";

/** What is known of a connection (ValveSockets README). `getConnectionInfo` fills one; events carry one. */
export class ConnectionInfo {
  /** Who the peer says it is. */
  identity = new NetworkingIdentity();
  /** Set with `setConnectionUserData`; -1n unless it was set. In an event: its value when the event happened. */
  userData = -1n;
  /** The listen socket that it came in by; 0 if it was opened here. */
  listenSocket = 0;
  /** The address of the peer; all zero for a socket pair. */
  address = new Address();
  /** How far it is; in an event, the state that it has come to. */
  state = ConnectionState.None;
  /**
   * Why it ended, in GNS's numbers: 1000-1999 the application, 2000-2999 the application, as an error,
   * 3000-3999 a problem on this side, 4000-4999 a problem of the peer, 5000-5999 others (5003 timeout). 0: not ended.
   */
  endReason = 0;
  /** The text given with the reason, at most 127 bytes. For logs. */
  endDebug = "";
  /** GNS's description with number, kind, peer and name. For logs. */
  connectionDescription = "";
  /** GNS's bits: 1 unauthenticated, 2 unencrypted, 4 loopback buffers, 8 fast, 16 relayed. */
  flags = 0;

  /** Whether {@link identity} is proved by a certificate of an authority that this process trusts. */
  get isAuthenticated(): boolean {
    return this.state === ConnectionState.Connected && (this.flags & 1) === 0;
  }

  /** The reason that was given to `closeConnection` (0 to 999); null if something else ended the connection. */
  get applicationReason(): number | null {
    return this.endReason >= 1000 && this.endReason <= 1999 ? this.endReason - 1000 : null;
  }
}

/** @internal Copies the addon's answer into `info` and returns it. */
export function fillConnectionInfo(info: ConnectionInfo, from: NativeConnectionInfo): ConnectionInfo {
  const { identity, ip, port, description, ...same } = from;
  Object.assign(info.address, { ip, port });
  return Object.assign(info, same, {
    identity: NetworkingIdentity.decode(identity),
    connectionDescription: description,
  });
}
