import { RECORD } from "../../addon/native.js";
import type { Random } from "../../random.js";
import type { MessageSlab } from "./message-slab.js";
import { SendFlags } from "./send-type.js";

/**
 * The emulated `FakeMessageLossSend` and `FakeMessageLossRecv`: percent of unreliable messages that are thrown away.
 * GNS no longer has these values, so they are kept here, for each thread.
 */
export const fakeMessageLoss = { send: 0, receive: 0 };

/** Decides whether a message with GNS's `flags` is thrown away. */
export function isLost(percent: number, flags: number, random: Random): boolean {
  return (flags & SendFlags.Reliable) === 0 && random() * 100 < percent;
}

export function isRecordLost(slab: MessageSlab, record: number, random: Random): boolean {
  return isLost(fakeMessageLoss.receive, slab.u32[(record + RECORD.flags) >> 2] as number, random);
}
