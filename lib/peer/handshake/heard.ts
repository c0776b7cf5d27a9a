/** Who has answered a client that connects. */
export enum Heard {
  Nobody = 0,
  /** Something came from the server's address that was no answer. */
  Stranger = 1,
  /** A server, or one that takes connections of its transport. */
  Server = 2,
}
