import { CommsInspector } from "../comms/index.js";
import { figuresOf } from "../message/figures.js";
import { type INetworkPlayer, PlayerState } from "../message/index.js";
import type { ClientFigures } from "../object/index.js";
import type { LagSocketFactory } from "../socket/index.js";
import type { Departures } from "./departures.js";
import type { ObjectRows } from "./object-rows.js";
import type { ConnectionRow, InspectorSnapshot, InspectorView, LagValues, MessageRow } from "./snapshot.js";
import type { Subject, View } from "./subject.js";

/**
 * @param views the parts that are wanted besides the figures
 * @param id of the player whose messages are wanted; null, or of nobody: those of all
 */
export function takeSnapshot(
  { view, figures, comms, playback, lag, controls, payloads, clock }: Subject,
  objects: ObjectRows | null,
  departures: Departures,
  views: ReadonlySet<InspectorView>,
  id: number | null,
): InspectorSnapshot {
  const players = view.players();
  const one = players.find((player) => id !== null && view.idOf(player) === id);
  const others = view.connections();
  const timeMs = clock.now();
  const { kind, name, version } = view;
  return {
    ...{ timeMs, kind, name, version, controls, payloads },
    lag: lag && lagOf(lag.conditions),
    connections: views.has("connections")
      ? [...players.map((player) => rowOf(view.idOf(player), player, lag, figures)), ...others]
      : [],
    connectionCount: players.length + others.length,
    messages: views.has("messages") ? messagesOf(view, one ? [one] : players) : [],
    messagesOf: one ? id : null,
    departures: views.has("departures") ? departures.rows : [],
    rooms: views.has("rooms") ? view.rooms() : [],
    objects: objects && views.has("objects") ? objects.take(timeMs) : null,
    comms: comms && views.has("comms") ? CommsInspector.snapshot(comms, playback) : null,
    figures: figuresOf(view.metrics()),
  };
}

const lagOf = ({ latencyMs, jitterMs, loss }: LagValues): LagValues => ({ latencyMs, jitterMs, loss });

function rowOf(
  id: number,
  player: INetworkPlayer,
  lag: LagSocketFactory | null,
  figures: ClientFigures | null,
): ConnectionRow {
  const { address, transport, state, security, roundTripTimeMs, connection } = player;
  const metrics = connection?.metrics;
  const dropped = metrics
    ? metrics.messagesExpired +
      metrics.notifiesDropped +
      metrics.notifiesLate +
      metrics.sequencedLate +
      metrics.messagesIncomplete
    : 0;
  return {
    id,
    address,
    transport,
    state: PlayerState[state],
    security,
    roundTripTimeMs,
    acknowledgeDelayMs: metrics?.acknowledgeDelayMs ?? 0,
    packetsSent: metrics?.packetsSent ?? 0,
    packetsLost: metrics?.packetsLost ?? 0,
    bytesSent: metrics?.bytesSent ?? 0,
    bytesReceived: metrics?.bytesReceived ?? 0,
    bytesRetransmitted: metrics?.bytesRetransmitted ?? 0,
    bufferedBytes: connection?.bufferedBytes ?? 0,
    bytesPerSecond: limitOf(connection?.sendBudget.bytesPerSecond),
    messagesRefused: metrics?.messagesRefused ?? 0,
    messagesDropped: dropped,
    lag: lag && lagOf(lag.conditionsOf(address)),
    client: figures?.of(player) ?? null,
    rates: null,
  };
}

/** JSON has no Infinity. */
const limitOf = (bytes = Number.POSITIVE_INFINITY) => (Number.isFinite(bytes) ? bytes : null);

/** Kinds of which nothing has been sent are left out. */
function messagesOf({ messages }: View, players: readonly INetworkPlayer[]): MessageRow[] {
  return messages.flatMap((message) => {
    const row = { name: message.name, messagesSent: 0, bytesSent: 0, messagesReceived: 0, bytesReceived: 0 };
    for (const player of players) {
      const { messagesSent, bytesSent, messagesReceived, bytesReceived } = player.metricsOf(message);
      row.messagesSent += messagesSent;
      row.bytesSent += bytesSent;
      row.messagesReceived += messagesReceived;
      row.bytesReceived += bytesReceived;
    }
    return row.messagesSent + row.messagesReceived > 0 ? [row] : [];
  });
}
