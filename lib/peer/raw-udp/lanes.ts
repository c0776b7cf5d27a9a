import { CONTROL_LANE, LANES, STREAM_LANE } from "../packet-format.js";

/**
 * How many bytes of a lane may be under way beyond those that are acknowledged: what a receiver has to keep at most.
 */
export const LANE_WINDOW_BYTES: readonly number[] = Array.from({ length: LANES }, (_, lane) => {
  if (lane === STREAM_LANE) return 1 << 20;
  return lane === CONTROL_LANE ? 1 << 16 : 1 << 18;
});
