import { ErrorFlags } from "../../message/protocol/error-flags.js";
import { callCosts } from "../rpc/server-calls.js";
import type { ObjectPlayer } from "./object-player.js";
import type { ObjectServer } from "./object-server.js";

/** A client has given up making an object, and wants its spawn once more. */
export function spawnAgain(world: ObjectServer, player: ObjectPlayer, netId: number): void {
  const object = world.byNetId.get(netId);
  if (!player.spawnsAgain.tryTake(1)) player.player.chargeError(callCosts.unknownObject, ErrorFlags.RateLimit);
  else {
    const view = object && player.views.get(object.item);
    if (!view) return;
    view.remove();
    world.spawnNow(player, object);
  }
  // Hidden objects and those that never were look alike, and what was asked for may have gone meanwhile.
}
