import { LANE_STATUS, native } from "../../addon/native.js";
import { checkInteger, typeError } from "../values/arguments.js";
import { Result } from "../values/result.js";
import { SocketsQueries } from "./sockets-queries.js";

/** What waits in a lane of a connection (GNS). */
export interface LaneStatus {
  /** Bytes. */
  pendingUnreliable: number;
  pendingReliable: number;
  sentUnackedReliable: number;
  /** Microseconds until a message sent now would leave. */
  queueTime: number;
}

const MAX_LANES = 255;

/** The part of {@link NetworkingSockets} about lanes: queues of one connection with priorities (GNS). */
export abstract class SocketsLanes extends SocketsQueries {
  /**
   * Gives a connection lanes for what it sends (GNS; not in the README). Order holds within a lane only. A lane of a
   * lower priority number goes first; lanes of equal priority share by weight. Lanes can be added later, not taken away.
   * Messages choose theirs in an `OutgoingBatch` or with `Connection.send`.
   *
   * @param priorities one 32-bit number per lane, 1 to 255 lanes (up to 8 are cheap)
   * @param weights one number 1-65535 per lane; equal unless told
   * @returns `OK`; `InvalidParam`: no such connection, fewer lanes than before, or a weight of 0; `NoConnection`,
   *   `InvalidState`: it has ended
   */
  configureConnectionLanes(connection: number, priorities: readonly number[], weights?: readonly number[]): Result {
    if (!Array.isArray(priorities)) throw typeError("priorities", "an array");
    checkInteger("the number of lanes", priorities.length, 1, MAX_LANES);
    for (const priority of priorities) checkInteger("a priority", priority, -0x80000000, 0x7fffffff);
    if (weights !== undefined) {
      if (!Array.isArray(weights)) throw typeError("weights", "an array");
      checkInteger("the number of weights", weights.length, priorities.length, priorities.length);
      for (const weight of weights) checkInteger("a weight", weight, 0, 0xffff);
    }
    return native.configureConnectionLanes(
      this.owner,
      connection,
      priorities.length,
      Int32Array.from(priorities),
      weights === undefined ? null : Uint16Array.from(weights),
    );
  }

  /**
   * What waits in the first `count` lanes of a connection (GNS), or null: no such connection, or it has fewer.
   */
  getLaneStatus(connection: number, count: number): LaneStatus[] | null {
    checkInteger("count", count, 0, MAX_LANES);
    const figures = new Float64Array(count * LANE_STATUS.size);
    if (native.getLaneStatus(this.owner, connection, count, figures) !== Result.OK) return null;
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
}
