import { type ComponentChildren, h } from "preact";
import { printable } from "../../printable.js";
import type { ConnectionRow, InspectorSnapshot, LagValues, MessageRow, RoomRow } from "../snapshot.js";
import { formatBytes, formatCount, formatMs, formatPercent } from "./format.js";
import type { History } from "./history.js";
import { NumberField } from "./number-field.js";
import { Plot } from "./plot.js";
import { type Column, Table } from "./table.js";
import type { TimelineSource } from "./timeline-source.js";

/** What all views get. */
export interface ViewProps {
  readonly history: History;
  readonly snapshot: InspectorSnapshot;
  /** The id of the chosen player. */
  readonly chosen: number | null;
  choose(id: number | null): void;
  /** Shows where the time of this player's messages goes. */
  explain(id: number): void;
  /** The netId of the chosen object. */
  readonly chosenObject: number | null;
  chooseObject(netId: number | null): void;
  readonly timeline: TimelineSource;
  change(control: string, values: object): void;
}

/** GNS alone counts no messages. */
const COUNTED_COLUMNS: Column<ConnectionRow>[] = [
  {
    title: "Refused",
    width: "80px",
    cell: (one) => formatCount(one.messagesRefused),
    key: (one) => one.messagesRefused,
  },
  {
    title: "Dropped",
    width: "80px",
    cell: (one) => formatCount(one.messagesDropped),
    key: (one) => one.messagesDropped,
  },
];

/** Of clients that tell of themselves. */
const CLIENT_COLUMNS: Column<ConnectionRow>[] = [
  {
    title: "Corrections",
    width: "100px",
    cell: ({ client }) => (client ? formatCount(client.corrections) : "–"),
    key: ({ client }) => client?.corrections ?? 0,
  },
  {
    title: "Shown late",
    width: "100px",
    cell: ({ client }) => (client ? formatMs(client.shownDelayMs) : "–"),
    key: ({ client }) => client?.shownDelayMs ?? 0,
  },
];

const CHOOSE = "Choose a connection for its plots and figures.";
const HINT = `${CHOOSE} Why? tells where the time of its messages goes.`;

export function connectionsView({ history, snapshot, chosen, choose, explain, change }: ViewProps): ComponentChildren {
  const row = snapshot.connections.find(({ id }) => id === chosen) ?? null;
  const hasTotals = snapshot.kind !== "sockets";
  const columns: Column<ConnectionRow>[] = [
    {
      title: hasTotals ? "Player" : "Connection",
      width: hasTotals ? "70px" : "110px",
      cell: ({ id }) => id,
      key: ({ id }) => -id,
    },
    { title: "Address", width: "170px", cell: ({ address }) => address, key: ({ address }) => address },
    {
      title: "Round trip",
      width: "130px",
      cell: ({ id, roundTripTimeMs }) => [formatMs(roundTripTimeMs), hasTotals && id > 0 && whyButton(id, explain)],
      key: (one) => one.roundTripTimeMs,
    },
    { title: "Transport", width: "90px", cell: ({ transport }) => transport, key: ({ transport }) => transport },
    { title: "State", width: "110px", cell: ({ state }) => state, key: ({ state }) => state },
    { title: "Security", width: "90px", cell: ({ security }) => security, key: ({ security }) => security },
    { title: "Jitter", width: "80px", cell: (one) => formatMs(history.ratesOf(one).jitterMs) },
    {
      title: "Loss",
      width: "70px",
      cell: (one) => lossCell(history.ratesOf(one).loss),
      key: (one) => history.ratesOf(one).loss,
    },
    {
      title: "Sent",
      width: "100px",
      cell: (one) => `${formatBytes(history.ratesOf(one).sentBytes)}/s`,
      key: (one) => history.ratesOf(one).sentBytes,
    },
    {
      title: "Received",
      width: "100px",
      cell: (one) => `${formatBytes(history.ratesOf(one).receivedBytes)}/s`,
      key: (one) => history.ratesOf(one).receivedBytes,
    },
    { title: "Queued", width: "90px", cell: (one) => formatBytes(one.bufferedBytes), key: (one) => one.bufferedBytes },
    ...(hasTotals ? COUNTED_COLUMNS : []),
    ...(snapshot.connections.some(({ client }) => client) ? CLIENT_COLUMNS : []),
  ];
  if (snapshot.controls) {
    columns.push({
      title: "Control",
      width: "110px",
      cell: ({ id }) =>
        h("button", { type: "button", onClick: () => change("kick", { player: id }) }, `Disconnect ${id}`),
    });
  }
  return [
    h("div", { class: "plots" }, [
      plot(
        row ? `Round trip of player ${row.id}` : "Slowest round trip",
        "ms",
        ["now"],
        history.roundTrips(row?.id ?? null),
      ),
      // Connections of GNS are counted by nobody.
      hasTotals &&
        plot(
          "Traffic, all",
          "kB/s",
          ["sent", "received"],
          history.growth(1000, "connections.bytesSent", "connections.bytesReceived"),
        ),
      hasTotals && plot("Lost packets a second, all", "/s", ["lost"], history.growth(1, "connections.packetsLost")),
    ]),
    h("p", { class: "quiet" }, row ? "Escape shows all again." : hasTotals ? HINT : CHOOSE),
    h(Table<ConnectionRow>, {
      ...{ label: "Connections", columns, rows: snapshot.connections, id: (one: ConnectionRow) => one.id, chosen },
      onChoose: ({ id }) => choose(id === chosen ? null : id),
    }),
    row &&
      figuresOf({
        ...(hasTotals && countsOf(row)),
        "May be sent": row.bytesPerSecond === null ? "no limit known" : `${formatBytes(row.bytesPerSecond)}/s`,
      }),
    row && row.bufferedBytes > 0 && h("p", { class: "quiet" }, queueOf(row, history.ratesOf(row).sentBytes)),
    row?.lag &&
      snapshot.controls &&
      lagForm(`Simulated on the way to ${row.id}:`, row.lag, (values) => change("lag", { player: row.id, ...values })),
  ];
}

const countsOf = (row: ConnectionRow) => ({
  "Acknowledge delay": formatMs(row.acknowledgeDelayMs),
  "Sent twice": formatBytes(row.bytesRetransmitted),
  "Packets sent": formatCount(row.packetsSent),
  "Packets lost": formatCount(row.packetsLost),
});

/** One click from the first view. */
function whyButton(id: number, explain: (id: number) => void) {
  const onClick = () => explain(id);
  return h("button", { type: "button", class: "of-cell", "aria-label": `Why? Player ${id}`, onClick }, "Why?");
}

/** Why a queue is as long as it is. */
function queueOf({ id, bufferedBytes, bytesPerSecond }: ConnectionRow, sentBytes: number): string {
  const isFull = bytesPerSecond !== null && sentBytes > 0.8 * bytesPerSecond;
  const why = isFull ? "The way takes no more." : "It waits for acknowledgements, or has just been sent.";
  const last = bytesPerSecond ? `It takes ${formatMs((1000 * bufferedBytes) / bytesPerSecond)} at least.` : "";
  const what = `${formatBytes(bufferedBytes)} wait or are not acknowledged.`;
  return `${what} ${why} ${last} What fills it: Messages, of ${id}.`;
}

/** Changes what a simulated network does. */
export function lagForm(title: string, { latencyMs, jitterMs, loss }: LagValues, change: (values: object) => void) {
  const field = (label: string, name: string, value: number, scale: number) =>
    h(NumberField, { label, value: value * scale, onChange: (chosen) => change({ [name]: chosen / scale }) });
  return h("form", { onSubmit: (event: Event) => event.preventDefault() }, [
    h("span", { class: "quiet" }, title),
    field("Latency (ms)", "latencyMs", latencyMs, 1),
    field("Jitter (ms)", "jitterMs", jitterMs, 1),
    field("Loss (%)", "loss", loss, 100),
  ]);
}

const lossCell = (loss: number) => h("span", { class: loss > 0.02 ? "bad" : "" }, formatPercent(loss));

export const plot = (
  title: string,
  unit: string,
  labels: readonly string[],
  series: { times: number[]; values: number[][] },
) => h(Plot, { key: title, title, unit, labels, series });

export function messagesView({ history, snapshot, choose }: ViewProps): ComponentChildren {
  const { messagesOf } = snapshot;
  const columns: Column<MessageRow>[] = [
    { title: "Message", width: "260px", cell: ({ name }) => name, key: ({ name }) => name },
    { title: "Sent", width: "110px", cell: (row) => formatCount(row.messagesSent), key: (row) => row.messagesSent },
    { title: "Bytes", width: "110px", cell: (row) => formatBytes(row.bytesSent), key: (row) => row.bytesSent },
    {
      title: "Rate",
      width: "110px",
      cell: (row) => `${formatBytes(history.rateOf(row).sent)}/s`,
      key: (row) => history.rateOf(row).sent,
    },
    {
      title: "Received",
      width: "110px",
      cell: (row) => formatCount(row.messagesReceived),
      key: (row) => row.messagesReceived,
    },
    { title: "Bytes", width: "110px", cell: (row) => formatBytes(row.bytesReceived), key: (row) => row.bytesReceived },
    {
      title: "Rate",
      width: "110px",
      cell: (row) => `${formatBytes(history.rateOf(row).received)}/s`,
      key: (row) => history.rateOf(row).received,
    },
  ];
  return [
    h("p", { class: "quiet" }, [
      messagesOf === null ? "Of all players who are here: choose one in Connections. " : `Of player ${messagesOf}. `,
      messagesOf !== null && h("button", { type: "button", onClick: () => choose(null) }, "All players"),
    ]),
    h(Table<MessageRow>, { label: "Messages", columns, rows: snapshot.messages, id: ({ name }) => name }),
  ];
}

export function voiceView({ snapshot: { comms } }: ViewProps): ComponentChildren {
  if (!comms) return h("p", {}, "This server has given the inspector no voice: inspect(server, { comms: network }).");
  const { mode, status, playerName, rooms, isMuted, expectedLoss, players, server } = comms;
  const columns: Column<(typeof players)[number]>[] = [
    { title: "Name", width: "200px", cell: ({ name }) => name, key: ({ name }) => name },
    { title: "Speaks", width: "80px", cell: ({ isSpeaking }) => (isSpeaking ? "yes" : "no") },
    { title: "Way", width: "130px", cell: ({ way }) => way },
    { title: "Sealed", width: "80px", cell: ({ isSealed }) => (isSealed ? "yes" : "no") },
    { title: "Rooms", width: "220px", cell: (one) => one.rooms.join(", ") },
    {
      title: "Received",
      width: "100px",
      cell: ({ received }) => formatCount(received),
      key: ({ received }) => received,
    },
    { title: "Lost", width: "80px", cell: ({ lost }) => formatCount(lost), key: ({ lost }) => lost },
    { title: "Late", width: "80px", cell: ({ late }) => formatCount(late), key: ({ late }) => late },
    {
      title: "Jitter buffer",
      width: "140px",
      cell: ({ playback: of }) => (of ? `${of.delayMs.toFixed(0)} of ${of.targetMs.toFixed(0)} ms` : "–"),
      key: ({ playback }) => playback?.delayMs ?? 0,
    },
  ];
  return [
    figuresOf({
      Mode: mode,
      Status: status,
      "Player name": playerName,
      Rooms: rooms.join(", ") || "none",
      Muted: isMuted ? "yes" : "no",
      "Loss that the sound expects": formatPercent(expectedLoss),
      Clients: server?.clients.join(", ") || "none",
    }),
    server && h("h2", {}, "Server"),
    server &&
      figuresOf(Object.fromEntries(Object.entries(server.metrics).map(([name, value]) => [name, formatCount(value)]))),
    h("h2", {}, "Players"),
    mode === "Server"
      ? h("p", {}, "A server hears nobody. Who speaks, and what is lost, a client knows: inspect(client, { comms }).")
      : h(Table<(typeof players)[number]>, {
          label: "Voice",
          columns,
          rows: players,
          id: (one: { id: number }) => one.id,
        }),
  ];
}

export function roomsView({ snapshot: { kind, rooms } }: ViewProps): ComponentChildren {
  if (kind !== "rooms") return h("p", {}, "This is no RoomHost: inspect(host) shows its rooms.");
  const columns: Column<RoomRow>[] = [
    { title: "Room", width: "180px", cell: ({ id }) => id, key: ({ id }) => id },
    { title: "Kind", width: "140px", cell: (row) => row.kind, key: (row) => row.kind },
    { title: "Players", width: "180px", cell: ({ players }) => `${players.length}: ${players.join(", ")}` },
    { title: "Spectators", width: "100px", cell: ({ spectators }) => spectators, key: ({ spectators }) => spectators },
    { title: "Free seats", width: "100px", cell: ({ freeSeats }) => freeSeats, key: ({ freeSeats }) => freeSeats },
    { title: "Open", width: "120px", cell: ({ isLocked, isPrivate }) => openness(isLocked, isPrivate) },
    { title: "Labels", width: "minmax(200px, 1fr)", cell: ({ labels }) => labels },
  ];
  return h(Table<RoomRow>, { label: "Rooms", columns, rows: rooms, id: ({ id }) => id });
}

const openness = (isLocked: boolean, isPrivate: boolean) => (isLocked ? "locked" : isPrivate ? "by code" : "open");

/** Counters that count something that went wrong. */
const FAULTS = /lost|late|dropped|refused|evict|expired|incomplete|stray|duplicate|fail|unhandled|banned|ill/i;

export function figuresView({ snapshot: { figures } }: ViewProps): ComponentChildren {
  const entries = Object.entries(figures).map(([name, value]) => [name, formatCount(value)] as const);
  const isGuard = ([name]: readonly [string, string]) => name.startsWith("guard.");
  const isFault = ([name]: readonly [string, string]) => FAULTS.test(name) && !name.startsWith("guard.");
  const guard = entries.filter(isGuard);
  return [
    guard.length > 0 && h("h2", {}, figures["guard.isUnderAttack"] ? "Guard: under attack" : "Guard: calm"),
    guard.length > 0 && figuresOf(Object.fromEntries(guard)),
    h("h2", {}, "Errors and drops by reason"),
    figuresOf(Object.fromEntries(entries.filter(isFault))),
    h("h2", {}, "All others"),
    figuresOf(Object.fromEntries(entries.filter((entry) => !isFault(entry) && !isGuard(entry)))),
  ];
}

export const figuresOf = (figures: Readonly<Record<string, string>>) =>
  h(
    "dl",
    {},
    Object.entries(figures).map(([name, value]) =>
      h("div", { key: name }, [h("dt", {}, printable(name)), h("dd", {}, printable(value))]),
    ),
  );
