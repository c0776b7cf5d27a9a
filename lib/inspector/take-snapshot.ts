import type { Clock } from "../clock.js";
import { CommsInspector, type InspectedNetwork } from "../comms/index.js";
import { figuresOf } from "../message/figures.js";
import { type INetworkPlayer, type NetworkServer, PlayerState } from "../message/index.js";
import type { NetworkIdentity } from "../object/index.js";
import type { LagSocketFactory } from "../socket/index.js";
import type {
  ConnectionRow,
  InspectorSnapshot,
  InspectorView,
  LagValues,
  MessageRow,
  ObjectRow,
  ObjectsSnapshot,
} from "./snapshot.js";

/** More objects than a person looks through. */
const MAX_OBJECTS = 500;
/** Characters of a value. */
const MAX_VALUE_LENGTH = 80;

/** Anything that lists objects: a `ServerObjectManager` or `ClientObjectManager`. */
export interface InspectedObjects {
  readonly objects: readonly NetworkIdentity[];
}

/** What is looked at. */
export interface Subject {
  readonly server: NetworkServer;
  readonly objects: InspectedObjects | null;
  readonly comms: InspectedNetwork | null;
  readonly lag: LagSocketFactory | null;
  readonly controls: boolean;
  readonly payloads: boolean;
  readonly clock: Clock;
}

/** @param views the parts that are wanted besides the figures */
export function takeSnapshot(subject: Subject, views: ReadonlySet<InspectorView>): InspectorSnapshot {
  const { server, objects, comms, lag, controls, payloads, clock } = subject;
  const { players } = server;
  return {
    timeMs: clock.now(),
    name: server.protocol.name,
    version: server.protocol.version,
    controls,
    lag: lag && lagOf(lag),
    connections: views.has("connections") ? players.map(rowOf) : [],
    connectionCount: players.length,
    messages: views.has("messages") ? messagesOf(server, players) : [],
    objects: objects && views.has("objects") ? objectsOf(objects, payloads) : null,
    comms: comms && views.has("comms") ? CommsInspector.snapshot(comms) : null,
    figures: figuresOf(server.metrics),
  };
}

const lagOf = ({ conditions: { latencyMs, jitterMs, loss } }: LagSocketFactory): LagValues => ({
  latencyMs,
  jitterMs,
  loss,
});

function rowOf({
  id,
  address,
  transport,
  state,
  security,
  roundTripTimeMs,
  connection,
}: INetworkPlayer): ConnectionRow {
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
    messagesRefused: metrics?.messagesRefused ?? 0,
    messagesDropped: dropped,
  };
}

/** Kinds of which nothing has been sent are left out. */
function messagesOf({ protocol }: NetworkServer, players: readonly INetworkPlayer[]): MessageRow[] {
  return protocol.messages.flatMap((message) => {
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

function objectsOf({ objects }: InspectedObjects, payloads: boolean): ObjectsSnapshot {
  return { count: objects.length, objects: objects.slice(0, MAX_OBJECTS).map((one) => objectOf(one, payloads)) };
}

function objectOf({ netId, prefab, owner, observers, behaviours }: NetworkIdentity, payloads: boolean): ObjectRow {
  const members: Record<string, Record<string, string>> = {};
  for (const [name, behaviour] of Object.entries(behaviours)) members[name] = payloads ? valuesOf(behaviour) : {};
  return { netId, prefab, owner: owner?.id ?? null, observers: observers.size, members };
}

/** The members of a behaviour, which may be accessors of its class. */
function valuesOf(behaviour: object): Record<string, string> {
  const values: Record<string, string> = {};
  for (let owner = behaviour; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const [name, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (name in values || (!get && (owner !== behaviour || typeof value === "function"))) continue;
      values[name] = textOf(get ? get.call(behaviour) : value);
    }
  }
  return values;
}

function textOf(value: unknown): string {
  const text = typeof value === "object" && value !== null ? describe(value) : String(value);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

function describe(value: object): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return Object.prototype.toString.call(value); // it contains itself, or a bigint
  }
}
