import { ConnectionTimer } from "./connection-timers.js";
import { PeerConnectionState } from "./peer-connection-state.js";

/** Where a connection is in its life. `Closing` and `Draining` are those of RFC 9000, section 10.2. */
export enum ConnectionPhase {
  /** Server: Accept has been sent, and the client's first packet has not come. */
  Handshaking = 0,
  Connected = 1,
  /** This side has disconnected, and what it sent reliably is still on its way. */
  Lingering = 2,
  /** This side has sent Close, and waits until the other side knows. */
  Closing = 3,
  /** The other side has closed. A Close that it repeats is acknowledged. */
  Draining = 4,
  /** The connection cannot go on. Close is sent once, and nobody waits for an answer. */
  Failed = 5,
  Closed = 6,
}

interface PhaseRules {
  /** What users see. */
  state: PeerConnectionState;
  /** The phases that may follow. Whatever asks for another one comes too late, and is ignored. */
  next: readonly ConnectionPhase[];
  /** The timers that start with the phase. All others stop. */
  timers: readonly ConnectionTimer[];
}

/** The rules of each phase. docs/connection-states.md shows them with causes and effects; a test compares the two. */
export const PHASES: Readonly<Record<ConnectionPhase, PhaseRules>> = {
  [ConnectionPhase.Handshaking]: {
    state: PeerConnectionState.Connecting,
    next: [ConnectionPhase.Connected, ConnectionPhase.Failed, ConnectionPhase.Closed],
    timers: [ConnectionTimer.Handshake],
  },
  [ConnectionPhase.Connected]: {
    state: PeerConnectionState.Connected,
    next: [ConnectionPhase.Lingering, ConnectionPhase.Draining, ConnectionPhase.Failed, ConnectionPhase.Closed],
    timers: [ConnectionTimer.Idle, ConnectionTimer.KeepAlive],
  },
  [ConnectionPhase.Lingering]: {
    state: PeerConnectionState.Disconnecting,
    next: [ConnectionPhase.Closing, ConnectionPhase.Draining, ConnectionPhase.Closed],
    timers: [ConnectionTimer.Linger],
  },
  [ConnectionPhase.Closing]: {
    state: PeerConnectionState.Disconnecting,
    next: [ConnectionPhase.Draining, ConnectionPhase.Closed],
    timers: [ConnectionTimer.Close],
  },
  [ConnectionPhase.Draining]: {
    state: PeerConnectionState.Disconnected,
    next: [ConnectionPhase.Closed],
    timers: [ConnectionTimer.Drain],
  },
  [ConnectionPhase.Failed]: {
    state: PeerConnectionState.Disconnected,
    next: [ConnectionPhase.Closed],
    timers: [],
  },
  [ConnectionPhase.Closed]: { state: PeerConnectionState.Disconnected, next: [], timers: [] },
};
