import type { IceSettings } from "../../valve/configuration/ice-servers.js";
import type { NetworkingIdentity } from "../../valve/values/networking-identity.js";

/** Where a GNS socket listens, or what it connects to, by IP. */
export class GnsAddress {
  /** A name or a numeric address; to listen, `::` takes IPv6 and IPv4. */
  readonly host: string;
  /** The UDP port, 0 to 65535; to listen, 0 takes a free one. */
  readonly port: number;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }
}

/**
 * Carries the signals by which two peers behind routers find each other (docs/p2p.md), over a lobby server, a chat or
 * whatever else connects them. One object may serve several sockets.
 */
export interface GnsSignaling {
  /** Carries `data`, a few hundred opaque bytes, to a peer. It may be lost, repeated or late. */
  send(to: NetworkingIdentity, data: Uint8Array): void;
  /** Calls `callback` with each signal that comes for this process, until the returned function is called. */
  onSignal(callback: (data: Uint8Array) => void): () => void;
}

/** A peer by identity, behind routers (P2P). To listen, only `virtualPort`, `signaling` and `ice` matter. */
export interface GnsPeerSettings {
  /**
   * Whom to connect to; null takes whoever answers.
   *
   * @defaultValue null
   */
  identity?: NetworkingIdentity | null;
  /**
   * The port of the peer's listening socket; to listen, the port of this one. 0 to 65535.
   *
   * @defaultValue 0
   */
  virtualPort?: number;
  /** What carries the signals of the two peers to each other. */
  signaling: GnsSignaling;
  /**
   * The STUN and TURN servers.
   *
   * @defaultValue none
   */
  ice?: IceSettings;
}

/** A P2P end point: where a GNS socket listens or connects by signaling. */
export class GnsPeer {
  /** Whom to connect to; null takes whoever answers. */
  readonly identity: NetworkingIdentity | null;
  /** The port of the peer's listening socket; to listen, the port of this one. */
  readonly virtualPort: number;
  /** What carries the signals of the two peers to each other. */
  readonly signaling: GnsSignaling;
  /** The STUN and TURN servers; empty: none. */
  readonly ice: IceSettings;

  constructor({ identity = null, virtualPort = 0, signaling, ice = {} }: GnsPeerSettings) {
    this.identity = identity;
    this.virtualPort = virtualPort;
    this.signaling = signaling;
    this.ice = ice;
  }
}
