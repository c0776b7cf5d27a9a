// Recording the changes of a tick for all players, and searching it for what lost packets held.
import { Journal } from "../../dist/object/journal/journal.js";
import { seededRandom } from "../../dist/testing/index.js";
import { medianNs } from "./clock.mjs";

const TICKS_TO_LOSS = 3;

/** Nanoseconds a change, and for each change that a lost packet held; `growth` says what each costs with more. */
export function journal({ changes = 1000, players = 200, loss = 0.05, seconds = 1 } = {}) {
  const random = seededRandom(7);
  const one = new Journal();
  let marked = 0;
  const sink = { sees: (item) => item % 10 === 0, mark: () => void marked++, markAll() {} };
  const lost = Array.from({ length: TICKS_TO_LOSS }, () => new Int32Array(players + 1));
  const record = (tick) => {
    one.beginTick(tick);
    const from = one.nextChange;
    for (let change = 0; change < changes; change++) one.change((change * 7 + tick) % (10 * changes), 3);
    const packets = lost[tick % TICKS_TO_LOSS];
    let count = 0;
    for (let player = 0; player < players; player++) {
      const packet = one.beginPacket(player, from, one.nextChange);
      if (random() < loss) packets[++count] = packet;
    }
    packets[0] = count;
  };
  // As large as it gets.
  for (let tick = 0; tick < 128; tick++) record(tick);
  const recordNs = medianNs((n) => record(128 + n), seconds / 2);
  let searched = 0;
  const bothNs = medianNs((n) => {
    const packets = lost[n % TICKS_TO_LOSS];
    for (let index = 1; index <= packets[0]; index++) one.lost(packets[index], sink);
    searched += packets[0] * changes;
    record(n);
  }, seconds / 2);
  const searchedATick = players * loss * changes;
  return { change: recordNs / changes, lostChange: Math.max(0, bothNs - recordNs) / searchedATick, searched, marked };
}
