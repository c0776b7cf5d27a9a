import type { NetworkReader, NetworkWriter } from "../../serialization/index.js";

// The time that a client shows, as it says so with each call: in 1/256 of a tick, without what the server knows.

const FRACTION_BITS = 8;
const TICK_BITS = 16;
const STEPS = 2 ** FRACTION_BITS;
const RANGE = 2 ** TICK_BITS;

/** Writes the tick that this client shows, with a fraction; null where it shows what has arrived. */
export function writeViewTick(writer: NetworkWriter, tick: number | null): void {
  writer.writeBoolean(tick !== null);
  if (tick === null) return;
  const steps = Math.floor(Math.max(tick, 0) * STEPS);
  writer.writeBits(steps % STEPS, FRACTION_BITS);
  writer.writeBits(Math.floor(steps / STEPS) % RANGE, TICK_BITS);
}

/** Reads it, on a server that is at `serverTick`. */
export function readViewTick(reader: NetworkReader, serverTick: number): number | null {
  if (!reader.readBoolean()) return null;
  const fraction = reader.readBits(FRACTION_BITS) / STEPS;
  const ago = ((serverTick - reader.readBits(TICK_BITS)) << TICK_BITS) >> TICK_BITS;
  return serverTick - ago + fraction;
}
