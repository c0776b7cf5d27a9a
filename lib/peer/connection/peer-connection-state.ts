/** The state of a connection of a {@link Peer}. Where Mirage has the state too, the number is Mirage's. */
export enum PeerConnectionState {
  /** The handshake is under way. */
  Connecting = 2,
  /** It is open: messages can be sent, and come. */
  Connected = 3,
  /** This side has ended the connection, and waits until the other side has what was sent reliably, and the reason. */
  Disconnecting = 8,
  /** It has ended; `reason` says why. */
  Disconnected = 9,
}
