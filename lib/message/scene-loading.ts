import { printable } from "../printable.js";
import type { MessageDispatcher } from "./message-dispatcher.js";
import type { SceneLoader } from "./network-client-options.js";
import type { NetworkPlayer } from "./players/network-player.js";
import { LoadSceneMessage, SceneLoadedMessage } from "./protocol/system-messages.js";

/** A client that loads the scenes of its server. */
interface SceneLoading {
  readonly onLoadScene: SceneLoader | null;
  report(error: unknown, player: NetworkPlayer, message: typeof LoadSceneMessage, place: string): void;
}

/** Registers a client's handler of the scenes that its server has it load. */
export function registerSceneLoading(handlers: MessageDispatcher, client: SceneLoading): void {
  const load = async (player: NetworkPlayer, number: number, name: string) => {
    const { moves } = player;
    let isLoaded = true;
    try {
      await client.onLoadScene?.(name);
    } catch (error) {
      isLoaded = false;
      client.report(error, player, LoadSceneMessage, `onLoadScene of the scene ${printable(JSON.stringify(name))}`);
    }
    // In another room nobody waits for it.
    if (player.isAuthenticated && player.moves === moves) player.sendLater(SceneLoadedMessage, { number, isLoaded });
  };
  const options = { allowUnauthenticated: false };
  handlers.registerSystem(LoadSceneMessage, ({ number, name }, player) => void load(player, number, name), options);
}
