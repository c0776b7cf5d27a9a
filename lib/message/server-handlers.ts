import { Channel } from "../peer/index.js";
import { DisconnectCode } from "../socket/index.js";
import type { ServerAuthentication } from "./authentication/server-authentication.js";
import type { MessageDispatcher } from "./message-dispatcher.js";
import type { NetworkPlayer } from "./players/network-player.js";
import type { UnidentifiedPlayers } from "./players/unidentified-players.js";
import type { SentDoor } from "./protocol/door.js";
import { ErrorFlags, errorCosts } from "./protocol/error-flags.js";
import {
  HelloMessage,
  PingMessage,
  PongMessage,
  ProofMessage,
  SceneLoadedMessage,
  TableMessage,
} from "./protocol/system-messages.js";
import type { SceneBarrier } from "./scene-barrier.js";
import type { ServerTime } from "./time/server-time.js";

/** What answers the library's own messages at a server. */
interface Answerers {
  readonly unidentified: UnidentifiedPlayers;
  readonly authentication: ServerAuthentication;
  readonly scenes: SceneBarrier;
  readonly time: ServerTime;
  doorsFor(player: NetworkPlayer): SentDoor[] | undefined;
  charge(player: NetworkPlayer, cost: number, flags: ErrorFlags, text: string): void;
}

/** Registers a server's handlers of the library's own messages. */
export function registerServerHandlers(handlers: MessageDispatcher, owner: Answerers): void {
  const { unidentified, authentication, scenes, time } = owner;
  // These have one order, and all come on one lane: no client of ours sends them in another.
  const misplaced = (player: NetworkPlayer, name: string) => {
    player.chargeError(0, ErrorFlags.InvalidState);
    player.refuse(DisconnectCode.InvalidPacket, `The client's ${name} is out of place`);
  };
  handlers.registerSystem(TableMessage, (table, player) => {
    if (!unidentified.onTable(player, table)) misplaced(player, "table");
  });
  handlers.registerSystem(HelloMessage, ({ resumes, ticket }, player) => {
    player.ticket = ticket;
    if (!unidentified.onHello(player, resumes)) misplaced(player, "hello");
  });
  handlers.registerSystem(ProofMessage, ({ method, payload }, player) => {
    if (!authentication.onProof(player, method, payload)) misplaced(player, "proof");
  });
  handlers.registerSystem(PingMessage, ({ clientTimeMs }, player) => {
    const [serverTimeMs, doors] = [time.nowMs, owner.doorsFor(player)];
    player.send(PongMessage, { clientTimeMs, serverTimeMs, tick: time.tick, doors }, Channel.Unreliable);
  });
  handlers.registerSystem(SceneLoadedMessage, ({ number, isLoaded }, player) => {
    if (isLoaded ? scenes.loaded(player, number) : scenes.failed(player, number)) return;
    const text = "A scene that it was not asked to load";
    owner.charge(player, errorCosts.invalidState, ErrorFlags.InvalidState, text);
  });
}
