import type { Clock } from "../clock.js";
import { NetworkError } from "../network-error.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { PeerConfig, PeerHandler } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { connectError } from "../peer/peer-error.js";
import { DisconnectCode, MemoryNetwork, MemorySocketFactory } from "../socket/index.js";
import type { NetworkServer } from "./network-server.js";
import type { ProtocolCore } from "./protocol/protocol.js";

/** What a server, or the client in its process, gives to its end of the link. */
export interface HostEnd {
  handler: PeerHandler<LibraryConnection>;
  config: Partial<PeerConfig>;
}

/**
 * Nobody can listen in, so there is no encryption. The times are the longest that a Peer takes: an end that is not
 * driven for a while is not lost.
 */
const HOST_CONFIG: Partial<PeerConfig> = { encryption: null, keepAliveMs: 3_600_000, timeoutMs: 86_400_000 };
/** More than a handshake takes. */
const MAX_ROUNDS = 20;

/** The connection between a server and the client in its process (host mode): two Peers over sockets in memory. */
export class HostLink {
  readonly server: PeerCore;
  readonly client: PeerCore;
  readonly #factory: MemorySocketFactory;

  constructor(clock: Clock, server: HostEnd, client: HostEnd) {
    const factory = new MemorySocketFactory(new MemoryNetwork({ clock }), { kind: "host" });
    const open = ({ handler, config }: HostEnd) =>
      new PeerCore(factory.createServerSocket(), factory.maxPacketSize, handler, { ...config, ...HOST_CONFIG });
    this.server = open(server);
    this.client = open(client);
    this.#factory = factory;
  }

  /** Connects the two Peers by driving both from here, so that it takes no timer. @throws what `Peer.connect` throws */
  async connect(): Promise<void> {
    await this.server.bind(this.#factory.getBindEndPoint());
    let failure: unknown = null;
    this.client.connect(this.#factory.getConnectEndPoint()).catch((error) => {
      failure = error;
    });
    for (let round = 0; round < MAX_ROUNDS && this.server.connections.length === 0; round++) {
      await Promise.resolve();
      this.receiveAtServer();
      this.receiveAtClient();
      if (failure) throw failure;
    }
    if (this.server.connections.length === 0)
      throw new NetworkError("ERR_CONNECT_FAILED", "The host's client is stuck");
  }

  /** What the client has sent so far reaches the server, whether the client's Peer has flushed it or not. */
  receiveAtServer(): void {
    this.client.updateSent();
    this.server.updateReceive();
  }

  /** What the server has sent so far reaches the client. */
  receiveAtClient(): void {
    this.server.updateSent();
    this.client.updateReceive();
  }
}

const servers = new WeakMap<object, NetworkServer>();

/** Has the core of a client join a server. Meanwhile `serverOfHost` knows that server. */
export function joinAs<T>(client: object, server: NetworkServer, join: () => T): T {
  servers.set(client, server);
  try {
    return join();
  } finally {
    servers.delete(client);
  }
}

export const serverOfHost = (client: object): NetworkServer | null => servers.get(client) ?? null;

/** Throws `ERR_PROTOCOL_MISMATCH` when a server and the client in its process do not agree on a protocol. */
export function assertSameProtocol(server: ProtocolCore, client: ProtocolCore): void {
  if (server === client) return;
  const agreement = server.compare(client.encodeTable(), "ours");
  if (typeof agreement === "string") throw connectError({ code: DisconnectCode.ProtocolMismatch, text: agreement });
}
