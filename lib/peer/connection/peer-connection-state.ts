/** Where a connection is in its life; the numbers of Mirage where it has the state. */
export enum PeerConnectionState {
  /** The handshake is under way. */
  Connecting = 2,
  Connected = 3,
  /** This side has ended it, and what was sent reliably is still on its way. */
  Disconnecting = 8,
  Disconnected = 9,
}
