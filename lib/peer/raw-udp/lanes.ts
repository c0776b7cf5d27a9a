import { CONTROL_LANE, LANES, STREAM_LANE } from "../packet-format.js";

/**
 * How many bytes of a lane may be in flight beyond those that are acknowledged: the most that a receiver has to keep.
 */
export const LANE_WINDOW_BYTES: readonly number[] = Array.from({ length: LANES }, (_, lane) => {
  if (lane === STREAM_LANE) return 1 << 20;
  return lane === CONTROL_LANE ? 1 << 16 : 1 << 18;
});
