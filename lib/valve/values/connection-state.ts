/** The state of a connection (ValveSockets README; GNS uses the same numbers). */
export enum ConnectionState {
  /** There is no such connection, or it has been closed here. */
  None = 0,
  /** The handshake is not finished. An incoming connection waits for `acceptConnection`. */
  Connecting = 1,
  /** The handshake is finished, and GNS is still looking for a route (peer to peer only). */
  FindingRoute = 2,
  /** It is open: messages can be sent, and come. */
  Connected = 3,
  /** Ended by the peer. What has been received can still be read; `closeConnection` frees the handle. */
  ClosedByPeer = 4,
  /** Ended because of a problem on this side, such as a timeout. What has been received can still be read. */
  ProblemDetectedLocally = 5,
}
