import { DisconnectCode, type DisconnectReason, type INetworkPlayer } from "../message/index.js";
import type { NetworkPlayer } from "../message/players/network-player.js";
import type { DepartureRow } from "./snapshot.js";
import type { View } from "./subject.js";

/** So many of those who have left are kept. */
const KEPT = 100;
/** Of a reason, which the other side may have written. */
const MAX_TEXT_LENGTH = 200;

/** Those who left last, and why: they are in no list of players any more. */
export class Departures {
  /** The last one first. */
  readonly rows: DepartureRow[] = [];
  readonly close: () => void;
  #count = 0;

  constructor(view: View, now: () => number) {
    this.close = view.onLeft((player, reason) => this.#add(view.idOf(player), player, reason, now()));
  }

  #add(id: number, player: INetworkPlayer, { code, text }: DisconnectReason, timeMs: number): void {
    const { address, transport } = player;
    const { roundTripTimeMs, metrics, bufferedBytes } = (player as NetworkPlayer).lastConnection;
    const { packetsLost, packetsSent } = metrics;
    this.rows.unshift({
      ...{ number: ++this.#count, id, address, transport, timeMs },
      ...{ reason: DisconnectCode[code] ?? `code ${code}`, text: text.slice(0, MAX_TEXT_LENGTH) },
      ...{ roundTripTimeMs, packetsLost, packetsSent, bufferedBytes },
    });
    if (this.rows.length > KEPT) this.rows.pop();
  }
}
