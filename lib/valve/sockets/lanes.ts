import { LANE_STATUS, native } from "../../addon/native.js";
import { checkInteger, typeError } from "../../arguments.js";
import { Result } from "../values/result.js";
import type { SocketsCore } from "./sockets-core.js";

/** What waits in a lane of a connection (GNS). */
export interface LaneStatus {
  /** Bytes that wait to be sent. */
  pendingUnreliable: number;
  /** Bytes that wait to be sent, or to be sent again. */
  pendingReliable: number;
  /** Bytes sent and not acknowledged yet. */
  sentUnackedReliable: number;
  /** How long a message given now would wait before it is sent, in microseconds. */
  queueTime: number;
}

const MAX_LANES = 255;

export function configureLanes(
  core: SocketsCore,
  connection: number,
  priorities: readonly number[],
  weights: readonly number[] | undefined,
): Result {
  if (!Array.isArray(priorities)) throw typeError("priorities", "an array");
  checkInteger("the number of lanes", priorities.length, 1, MAX_LANES);
  for (const priority of priorities) checkInteger("a priority", priority, -0x80000000, 0x7fffffff);
  if (weights !== undefined) {
    if (!Array.isArray(weights)) throw typeError("weights", "an array");
    checkInteger("the number of weights", weights.length, priorities.length, priorities.length);
    for (const weight of weights) checkInteger("a weight", weight, 0, 0xffff);
  }
  return native.configureConnectionLanes(
    core.owner,
    connection,
    priorities.length,
    Int32Array.from(priorities),
    weights === undefined ? null : Uint16Array.from(weights),
  );
}

export function getLaneStatus(core: SocketsCore, connection: number, count: number): LaneStatus[] | null {
  checkInteger("count", count, 0, MAX_LANES);
  const figures = new Float64Array(count * LANE_STATUS.size);
  if (native.getLaneStatus(core.owner, connection, count, figures) !== Result.OK) return null;
  return Array.from({ length: count }, (_, lane) => {
    const at = (index: number) => figures[lane * LANE_STATUS.size + index] as number;
    return {
      pendingUnreliable: at(LANE_STATUS.pendingUnreliable),
      pendingReliable: at(LANE_STATUS.pendingReliable),
      sentUnackedReliable: at(LANE_STATUS.sentUnackedReliable),
      queueTime: at(LANE_STATUS.queueTime),
    };
  });
}
