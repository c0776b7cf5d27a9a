/** The state of a connection (ValveSockets README; GNS uses the same numbers). */
export enum ConnectionState {
  /** There is no such connection, or it has been closed here. */
  None = 0,
  /** Not yet agreed with the other side. An incoming connection waits for `acceptConnection`. */
  Connecting = 1,
  /** Agreed, but the route is still being looked for (peer to peer only). */
  FindingRoute = 2,
  Connected = 3,
  /** Ended by the other side. What has been received can still be read; `closeConnection` frees it. */
  ClosedByPeer = 4,
  /** Ended because of a problem seen here, such as a timeout. What has been received can still be read. */
  ProblemDetectedLocally = 5,
}
