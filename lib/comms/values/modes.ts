/** The parameter of a network that needs none to be started. */
export class Unit {
  /** The only one. */
  static readonly none = new Unit();
  private constructor() {}
}

/** What this program is in a voice session. */
export enum NetworkMode {
  /** No session. */
  None = 0,
  /** It organises the session, and its user speaks and listens. */
  Host = 1,
  /** Its user speaks and listens. */
  Client = 2,
  /** It organises the session. */
  DedicatedServer = 3,
}

/** Whether the server of a session is in this program. */
export const isServerEnabled = (mode: NetworkMode): boolean =>
  mode === NetworkMode.Host || mode === NetworkMode.DedicatedServer;

/** Whether a user of this program speaks and listens. */
export const isClientEnabled = (mode: NetworkMode): boolean => mode === NetworkMode.Host || mode === NetworkMode.Client;

/** How far a voice session has come. */
export enum ConnectionStatus {
  /** There is none. */
  Disconnected = 0,
  /** It is being joined, or too much of what is heard comes late. */
  Degraded = 1,
  /** It has been joined, and what is heard comes in time. */
  Connected = 2,
}
