import { typeError } from "../arguments.js";

/**
 * All numbers in `metrics` by their path: `connections.packetsLost`; by channel `connections.messagesSent.0`, by code
 * `host.refusalsByCode.ERR_ROOM_FULL`.
 */
export function figuresOf(metrics: object): Record<string, number> {
  const figures: Record<string, number> = {};
  collect(metrics, "", figures);
  return figures;
}

function collect(value: unknown, path: string, figures: Record<string, number>): void {
  if (typeof value === "number") figures[path] = value;
  else if (typeof value === "boolean") figures[path] = Number(value);
  else if (typeof value === "object" && value !== null) {
    for (const [name, part] of Object.entries(value)) collect(part, path === "" ? name : `${path}.${name}`, figures);
  }
}

/** Figures that may fall; all others only grow. */
const GAUGES = [
  ...["players", "authenticatedPlayers", "connections.roundTripTimeMs", "connections.acknowledgeDelayMs"],
  ...["connections.maxPacketSize", "connections.reassemblyBytes", "peer.reassemblyBytes", "ticks.lastMs"],
  ...["ticks.longestMs", "host.rooms", "host.players", "host.isDraining", "fleet.hosts", "fleet.isReady"],
  ...["socket.transport.places", "socket.transport.unconfirmedCloses"],
];
const GUARD_GAUGE = /^guard\.(isUnderAttack|pending|bannedByFloods|bannedByHand|rates)$/;
const GAUGE = /^(unauthenticated|suspended|socket\.pendingConnections)\.(count|sources|largestShare)$/;
/** Lists by channel: their place is a label. */
const CHANNELS = ["reliable", "unreliable", "notify", "sequenced"];

/**
 * What a server has counted, as text for Prometheus (version 0.0.4 of its format). Serve it on a port that strangers
 * do not reach.
 *
 * @param metrics `server.metrics` or `client.metrics`
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for what has no figures of its own, such as a server
 */
export function prometheusText(metrics: object): string {
  if (!isPlain(metrics)) throw typeError("metrics", "what `metrics` of a server or client gives");
  const lines: string[] = [];
  let last = "";
  for (const [path, value] of Object.entries(figuresOf(metrics))) {
    const [, base = path, place] = /^(.*)\.(\d|ERR_\w+)$/.exec(path) ?? [];
    const isGauge = GAUGES.includes(base) || GAUGE.test(base) || GUARD_GAUGE.test(base);
    const name = `valve_sockets_${snakeCase(base)}${isGauge ? "" : "_total"}`;
    if (name !== last) lines.push(`# TYPE ${name} ${isGauge ? "gauge" : "counter"}`);
    last = name;
    lines.push(`${name}${place === undefined ? "" : labelOf(place)} ${value}`);
  }
  return lines.map((line) => `${line}\n`).join("");
}

const labelOf = (place: string) =>
  place.startsWith("ERR_") ? `{code="${place}"}` : `{channel="${CHANNELS[Number(place)] ?? place}"}`;

/** An object of nobody's class: it does not lead from one thing to the next. */
const isPlain = (value: unknown) =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const snakeCase = (path: string) =>
  path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replaceAll(/\W+/g, "_");
