import { systemClock } from "../clock.js";
import type { LibraryConnection } from "../peer/connection/connection.js";
import type { PeerConfig, PeerHandler } from "../peer/index.js";
import { PeerCore } from "../peer/peer-core.js";
import { secureRandomBytes } from "../random.js";
import { serverStopped } from "../socket/building/socket-errors.js";
import { SessionTable } from "./authentication/session-table.js";
import { defaultSocketFactory } from "./default-socket-factory.js";
import type { NetworkServerOptions } from "./network-server-options.js";

/** What a server's core is given. Several cores may share sessions and ids, and get their connections from one Peer. */
export interface ServerParts {
  /**
   * Makes a Peer with the core as its handler, and binds it. Null: the core has no Peer, and gets its connections from
   * somebody who accepts them: by `attach`, and then by its methods of a `PeerHandler`.
   */
  openPeer: ((handler: PeerHandler<LibraryConnection>, config: Partial<PeerConfig>) => Promise<PeerCore>) | null;
  /** Null: a player whose connection is lost has left. */
  sessions: SessionTable | null;
  /** Gives a player its `id`: 1 or more, never the same twice. */
  nextPlayerId(): number;
}

/** The parts of a server that stands alone. */
export function ownParts(options: NetworkServerOptions): ServerParts {
  const { socketFactory, listen = true, sessions, clock = systemClock, randomBytes = secureRandomBytes } = options;
  let lastId = 0;
  return {
    openPeer: listen
      ? async (handler, config) => {
          const factory = socketFactory ?? (await defaultSocketFactory());
          const peer = new PeerCore(factory.createServerSocket(), factory.maxPacketSize, handler, config);
          await peer.bind(factory.getBindEndPoint());
          return peer;
        }
      : null,
    sessions: sessions ? new SessionTable(sessions, clock, randomBytes) : null,
    nextPlayerId: () => ++lastId,
  };
}

/** What a server's core does for its Peer. */
export type ServerHandler = Required<PeerHandler<LibraryConnection>>;

/** The handler of a Peer: what the core does, but connections that come when `isCurrent` does not hold are refused. */
export function handlerWhile(
  isCurrent: () => boolean,
  core: ServerHandler,
  onConnected: ServerHandler["onConnected"],
): ServerHandler {
  return {
    onConnected: (connection) => {
      if (isCurrent()) onConnected(connection);
      else connection.refuse(serverStopped.code, serverStopped.text);
    },
    onMessage: (connection, bytes, channel, lane) => core.onMessage(connection, bytes, channel, lane),
    onMoved: (connection, from) => core.onMoved(connection, from),
    onDisconnected: (connection, reason) => core.onDisconnected(connection, reason),
    onDrain: (connection) => core.onDrain(connection),
    onError: (error) => core.onError(error),
    beforeAccept: (incoming) => core.beforeAccept(incoming),
  };
}
