import { channel } from "node:diagnostics_channel";
import { checkInstance } from "../arguments.js";
import { type DisconnectReason, type INetworkPlayer, NetworkServer } from "../message/index.js";

/** What subscribers of the channel `valve-sockets:player` get. */
export interface PlayerDiagnostics {
  /** Whose player it is. */
  readonly server: NetworkServer;
  /** To whom it happened. */
  readonly player: INetworkPlayer;
  /** Which event of the server. */
  readonly event: "connected" | "authenticated" | "suspended" | "resumed" | "moved" | "disconnected";
  /** Of `disconnected`. */
  readonly reason: DisconnectReason | null;
  /** Of `moved`: the address before. */
  readonly from: string | null;
}

const players = channel("valve-sockets:player");

/**
 * Publishes what happens to the players of a server on the channel `valve-sockets:player` of
 * `node:diagnostics_channel`. Nothing is built while nobody has subscribed.
 *
 * @returns ends it
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for another thing than a `NetworkServer`: of a `RoomHost` give
 *   `host.server`, and the `server` of each room
 */
export function publishDiagnostics(server: NetworkServer): () => void {
  checkInstance("server", server, NetworkServer);
  const publish = (event: PlayerDiagnostics["event"], player: INetworkPlayer, more: object = {}) => {
    if (players.hasSubscribers) players.publish({ server, player, event, reason: null, from: null, ...more });
  };
  const plain = ["connected", "authenticated", "suspended", "resumed"] as const;
  const ends = [
    ...plain.map((event) => server.on(event, (player) => publish(event, player))),
    server.on("moved", (player, from) => publish("moved", player, { from })),
    server.on("disconnected", (player, reason) => publish("disconnected", player, { reason })),
  ];
  return () => {
    for (const end of ends) end();
  };
}
