import { type ComponentChildren, h } from "preact";
import { formatBytes, formatCount, formatMs } from "./format.js";
import { type Column, Table } from "./table.js";
import {
  channelName,
  type Explanation,
  type MessageRow,
  number,
  type Stage,
  type Timeline,
  type TimelineRow,
  text,
} from "./timeline.js";

/** What the timeline of one connection is drawn from. */
export interface TimelineProps {
  /** Such as "player 3, udp, 127.0.0.1:5000", or the name of a connection in a file. */
  readonly title: string;
  readonly timeline: Timeline;
  /** The id of the chosen row. */
  readonly row: number | null;
  readonly shows: Shown;
  choose(row: number | null): void;
  show(shows: Shown): void;
}

/** Which rows are shown. */
export type Shown = "all" | "messages" | "packets";

const WAY = "UDP: here is every packet with its acknowledgement or loss, and every retransmission.";
const TRANSPORT =
  "Here are its messages, what is queued, what is unacknowledged, and its round trips. " +
  "This transport has packets of its own, which nobody sees from here.";

const NOTHING_YET = "From now on it is recorded. No message has taken any time yet: the slowest is explained here.";

const STAGES: readonly Stage[] = [
  ...(["waiting for a tick", "queued", "paced", "lost and resent", "on its way", "in its handler"] as const),
];

export function timelineView(props: TimelineProps): ComponentChildren {
  const { title, timeline, row, shows } = props;
  const rows = timeline.rows.filter((one) => isShown(one, shows)).reverse();
  const firstMs = timeline.rows[0]?.event.ms ?? 0;
  const { slowest } = timeline;
  const chosen = timeline.rows.find(({ id, message }) => (row === null ? message && message === slowest : id === row));
  const longestMs = slowest ? timeline.explain(slowest).totalMs : 0;
  return [
    h("h2", {}, title),
    h("p", { class: "quiet" }, timeline.hasPackets ? WAY : TRANSPORT),
    h("div", { class: "choices", role: "group", "aria-label": "What is shown" }, [
      ...(["all", "messages", "packets"] as const).map((one) =>
        h("button", { type: "button", "aria-pressed": one === shows, onClick: () => props.show(one) }, LABELS[one]),
      ),
      timeline.leftOut > 0 && h("span", { class: "quiet" }, `${formatCount(timeline.leftOut)} older ones are left out`),
    ]),
    chosen ? explanationOf(timeline, chosen, row === null) : h("p", {}, NOTHING_YET),
    h("ul", { class: "stages", "aria-label": "Colours" }, STAGES.map(stageOf)),
    h(Table<TimelineRow>, {
      ...{ label: "Timeline", columns: columnsOf(timeline, firstMs, longestMs), rows, id: ({ id }: TimelineRow) => id },
      ...{ chosen: row, onChoose: ({ id }: TimelineRow) => props.choose(id === row ? null : id) },
    }),
  ];
}

const LABELS: Record<Shown, string> = { all: "Everything", messages: "Messages", packets: "Packets" };

function isShown({ event: { name } }: TimelineRow, shows: Shown): boolean {
  if (shows === "all") return true;
  return shows === "messages" ? name.startsWith("messages:") : /packet/.test(name);
}

/** @param longestMs how long a message took whose bar is as long as its column */
function columnsOf(timeline: Timeline, firstMs: number, longestMs: number): Column<TimelineRow>[] {
  // Two columns ask for the same.
  const known = new Map<MessageRow, Explanation>();
  const explain = (message: MessageRow): Explanation => {
    const explanation = known.get(message) ?? timeline.explain(message);
    known.set(message, explanation);
    return explanation;
  };
  return [
    { title: "Time", width: "90px", cell: ({ event }) => `${((event.ms - firstMs) / 1000).toFixed(3)} s` },
    { title: "What", width: "190px", cell: (row) => whatOf(row) },
    { title: "Name", width: "minmax(200px, 1fr)", cell: (row) => nameOf(row) },
    { title: "Bytes", width: "80px", cell: ({ event }) => bytesOf(event.data.bytes) },
    { title: "Queue", width: "80px", cell: ({ event }) => bytesOf(event.data.buffered) },
    { title: "Took", width: "80px", cell: (row) => tookOf(explain, row) },
    {
      title: "Where its time went",
      width: "200px",
      cell: ({ message }) => message && barOf(explain(message), longestMs),
    },
  ];
}

const bytesOf = (value: unknown) => (typeof value === "number" ? formatBytes(number(value)) : "");

/** An event in a word: what it is called in a file stands behind its colon. */
function whatOf({ event, packet }: TimelineRow): ComponentChildren {
  const what = event.name.slice(event.name.indexOf(":") + 1).replaceAll("_", " ");
  if (packet?.isResent && event.name === "transport:packet_sent") return h("b", {}, `${what} again`);
  const isBad = /lost|refused|closed/.test(what);
  return isBad ? h("span", { class: "bad" }, what) : what;
}

function nameOf({ event: { data, name }, message, packet }: TimelineRow): string {
  if (message) return `${message.name} (${channelName(message.channel)})`;
  if (packet) {
    const names = [...new Set(packet.messages.map((one) => one.name))].join(", ");
    return `${packet.number < 0 ? "" : `#${packet.number} `}${names || packet.content}`;
  }
  if (name === "recovery:round_trip") return formatMs(number(data.ms));
  if (typeof data.number === "number") return `#${data.number}`;
  return ["from", "to", "new", "reason", "text", "address"]
    .map((key) => text(data[key]))
    .join(" ")
    .trim();
}

function tookOf(explain: (message: MessageRow) => Explanation, { message, packet, event }: TimelineRow): string {
  if (message) return formatMs(explain(message).totalMs);
  const endMs = packet?.acknowledgedMs ?? null;
  return packet && endMs !== null && event.name === "transport:packet_sent" ? formatMs(endMs - packet.sentMs) : "";
}

function barOf({ stages }: Explanation, wholeMs: number): ComponentChildren {
  const parts = stages.map(({ stage, ms }) =>
    h("i", { class: `stage s${STAGES.indexOf(stage)}`, style: { width: `${(100 * ms) / wholeMs}%` } }),
  );
  return h("span", { class: "bar", "aria-hidden": true }, parts);
}

const stageOf = (stage: Stage, index: number) => h("li", { key: stage }, [h("i", { class: `stage s${index}` }), stage]);

/** "Why 50 ms?" @param isSlowest nobody has chosen it */
function explanationOf(timeline: Timeline, row: TimelineRow, isSlowest: boolean): ComponentChildren {
  const { message, packet, event } = row;
  if (!message) {
    const names = packet ? packet.messages.map((one) => one.name).join(", ") : "";
    const facts = Object.entries(event.data).filter(([, value]) => typeof value !== "object");
    return h("div", { class: "why", role: "region", "aria-label": "What happened" }, [
      h("h3", {}, whatOf(row)),
      names !== "" && h("p", {}, `It has ${names.slice(0, 500)}.`),
      h(
        "p",
        { class: "quiet" },
        facts
          .slice(0, 40)
          .map(([key, value]) => `${text(key)} ${text(`${value}`.slice(0, 80))}`)
          .join(", "),
      ),
    ]);
  }
  const explanation = timeline.explain(message);
  const { totalMs, stages, longest, end } = explanation;
  return h("div", { class: "why", role: "region", "aria-label": "Where its time went" }, [
    h("h3", {}, `Why ${formatMs(totalMs)}? ${longest ? `Most of it ${longest}.` : ""}`),
    h("p", {}, `${message.name}, ${formatBytes(message.bytes)}, ${channelName(message.channel)}, ${message.kind}`),
    barOf(explanation, totalMs),
    h(
      "ul",
      { class: "stages" },
      stages.map(({ stage, ms }) =>
        h("li", { key: stage }, [h("i", { class: `stage s${STAGES.indexOf(stage)}` }), `${stage} ${formatMs(ms)}`]),
      ),
    ),
    h("p", { class: "quiet" }, [end, isSlowest && " It is the slowest one so far: any other row can be chosen."]),
  ]);
}
