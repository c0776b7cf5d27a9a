import type { IceSettings } from "../../valve/configuration/ice-servers.js";
import type { NetworkingIdentity } from "../../valve/values/networking-identity.js";

/** Where a GNS socket listens or connects to by IP. */
export class GnsAddress {
  /** For connecting a name or a numeric address, for listening a numeric one: `::` takes IPv6 and IPv4. */
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }
}

/**
 * Carries the signals by which two peers behind routers find each other (docs/p2p.md): over a lobby server, a chat,
 * anything that both have. One object may serve several sockets.
 */
export interface GnsSignaling {
  /** Carries `data`, a few hundred opaque bytes, to a peer. It may be lost, repeated or late. */
  send(to: NetworkingIdentity, data: Uint8Array): void;
  /** Has `callback` called with each signal that comes for this process, until the returned function is called. */
  onSignal(callback: (data: Uint8Array) => void): () => void;
}

/** A peer by name, behind whatever routers (P2P). To listen, only `virtualPort` and `signaling` count. */
export interface GnsPeerSettings {
  /** Whom to connect to; null takes who answers. */
  identity?: NetworkingIdentity | null;
  /** The port of the listening socket over there, or here when listening: 0 to 65535, 0 unless told. */
  virtualPort?: number;
  signaling: GnsSignaling;
  /** The STUN and TURN servers, none unless told. */
  ice?: IceSettings;
}

export class GnsPeer {
  readonly identity: NetworkingIdentity | null;
  readonly virtualPort: number;
  readonly signaling: GnsSignaling;
  readonly ice: IceSettings;

  constructor({ identity = null, virtualPort = 0, signaling, ice = {} }: GnsPeerSettings) {
    this.identity = identity;
    this.virtualPort = virtualPort;
    this.signaling = signaling;
    this.ice = ice;
  }
}
