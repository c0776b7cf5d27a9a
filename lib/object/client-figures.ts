import {
  Channel,
  defineMessage,
  type INetworkPlayer,
  type MessageDefinition,
  NetworkClient,
  type NetworkServer,
} from "../message/index.js";
import { type Infer, struct, u16, u32 } from "../serialization/index.js";
import type { ClientObjectManager, ClientObjectMetrics } from "./client/client-object-manager.js";

/** A client tells its figures so often. */
const INTERVAL_MS = 1000;
const MAX_DELAY_MS = 2 ** 16 - 1;

const figures = struct({ corrections: u32, shownDelayMs: u16 });
/** Client to server. A server that does not have it gets none. */
const FiguresMessage: MessageDefinition<Infer<typeof figures>> = defineMessage("objects/figures", figures, {
  optional: true,
  channel: Channel.Sequenced,
  rateLimit: { perSecond: 2, burst: 4 },
});

/**
 * Has a client tell its server each second how well it keeps up: what `objects.metrics` has. The server needs
 * {@link ClientFigures}. Call it before the client connects.
 *
 * @throws NetworkError `ERR_STATE` while the client is active
 */
export function reportFigures(client: NetworkClient, objects: ClientObjectManager): void {
  const clock = NetworkClient.clockOf(client);
  let nextMs = Number.NEGATIVE_INFINITY;
  client.use({
    messages: [FiguresMessage],
    beforeSend: () => {
      const now = clock.now();
      if (now < nextMs || !client.isAuthenticated) return;
      nextMs = now + INTERVAL_MS;
      const { corrections, shownDelayMs } = objects.metrics;
      const delayMs = Math.min(Math.max(Math.round(shownDelayMs), 0), MAX_DELAY_MS);
      try {
        client.send(FiguresMessage, { corrections: corrections >>> 0, shownDelayMs: delayMs });
      } catch (error) {
        if ((error as { code?: string }).code !== "ERR_MESSAGE_NOT_AGREED") throw error;
        nextMs = Number.POSITIVE_INFINITY;
      }
    },
    stopped: () => {
      nextMs = Number.NEGATIVE_INFINITY;
    },
  });
}

/**
 * What the clients of a server tell of themselves: each by `reportFigures`, and nothing else confirms it.
 * The inspector shows it with `inspect(server, { figures })`.
 */
export class ClientFigures {
  readonly #ofPlayers = new WeakMap<INetworkPlayer, ClientObjectMetrics>();

  /** @throws NetworkError `ERR_STATE` while the server is active */
  constructor(server: NetworkServer) {
    server.use({ messages: [FiguresMessage] });
    server.messageHandler.register(FiguresMessage, (told, player) => void this.#ofPlayers.set(player, told));
  }

  /** What the client of a player has told last; null: nothing. */
  of(player: INetworkPlayer): ClientObjectMetrics | null {
    return this.#ofPlayers.get(player) ?? null;
  }
}
