import type { Clock } from "../../clock.js";
import { TokenBucket } from "../../guard/token-bucket.js";
import type { Infer } from "../../serialization/index.js";
import { type contents, TEXT_RATE } from "../wire/packets.js";
import { roomIdOf } from "../wire/room-id.js";
import type { CommsCore } from "./comms-core.js";
import type { PlayerTable } from "./player-table.js";

/** What texts need of their session. */
export interface TextOwner<TPeer> {
  readonly id: number;
  readonly clock: Clock;
  readonly comms: CommsCore;
  readonly players: PlayerTable<TPeer>;
  readonly metrics: { textFloods: number };
}

/** Texts of others: to this player, or to rooms that it listens to. */
export class TextInbox<TPeer> {
  readonly #owner: TextOwner<TPeer>;

  constructor(owner: TextOwner<TPeer>) {
    this.#owner = owner;
  }

  /** @param isDirect it has not come by the server, which counts what goes by it: so it is counted here */
  receive({ isToPlayer, sender, target, text }: Infer<typeof contents.text>, isDirect: boolean): void {
    const { clock, comms, id, metrics, players } = this.#owner;
    const player = players.find(sender);
    if (!player || player.isLocal) return;
    if (isDirect) {
      player.directTexts ??= new TokenBucket(clock, TEXT_RATE.burst, TEXT_RATE.perSecond);
      if (!player.directTexts.tryTake(1)) {
        metrics.textFloods++;
        return;
      }
    }
    const room = isToPlayer ? null : ([...comms.rooms].find((name) => roomIdOf(name) === target) ?? null);
    if (isToPlayer ? target !== id : room === null) return;
    comms.events.emit("textReceived", { sender: player, text, room });
  }
}
