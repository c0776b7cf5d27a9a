import { RECORD } from "../../addon/native.js";
import type { Random } from "../../random.js";
import type { MessageSlab } from "./message-slab.js";
import { SendFlags } from "./send-type.js";

/**
 * The emulated `FakeMessageLossSend` and `FakeMessageLossRecv`: percent of unreliable messages thrown away. GNS dropped
 * these two, so they are kept here, once per thread.
 */
export const fakeMessageLoss = { send: 0, receive: 0 };

/** Whether a message with GNS's `flags` gets lost at `percent`. */
export function isLost(percent: number, flags: number, random: Random): boolean {
  return (flags & SendFlags.Reliable) === 0 && random() * 100 < percent;
}

export function isRecordLost(slab: MessageSlab, record: number, random: Random): boolean {
  return isLost(fakeMessageLoss.receive, slab.u32[(record + RECORD.flags) >> 2] as number, random);
}
