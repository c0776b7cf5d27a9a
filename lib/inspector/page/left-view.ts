import { type ComponentChildren, h } from "preact";
import type { DepartureRow } from "../snapshot.js";
import { formatBytes, formatMs, formatPercent } from "./format.js";
import { type Column, Table } from "./table.js";
import type { ViewProps } from "./views.js";

/** Why did that player go? */
export function leftView({ snapshot: { departures, timeMs } }: ViewProps): ComponentChildren {
  const columns: Column<DepartureRow>[] = [
    { title: "When", width: "110px", cell: (row) => agoOf(timeMs - row.timeMs), key: (row) => row.timeMs },
    { title: "Player", width: "70px", cell: ({ id }) => id || "–", key: ({ id }) => -id },
    { title: "Why", width: "150px", cell: ({ reason }) => reason, key: ({ reason }) => reason },
    { title: "In words", width: "minmax(260px, 1fr)", cell: ({ text }) => text },
    { title: "Address", width: "170px", cell: ({ address }) => address, key: ({ address }) => address },
    { title: "Transport", width: "90px", cell: ({ transport }) => transport, key: ({ transport }) => transport },
    { title: "Round trip", width: "90px", cell: (row) => formatMs(row.roundTripTimeMs) },
    {
      title: "Lost in all",
      width: "90px",
      cell: ({ packetsLost, packetsSent }) => formatPercent(packetsSent > 0 ? packetsLost / packetsSent : 0),
    },
    { title: "Queued", width: "90px", cell: ({ bufferedBytes }) => formatBytes(bufferedBytes) },
  ];
  return [
    h("p", { class: "quiet" }, "Those who left last, since the inspector was opened: 100 at most."),
    h(Table<DepartureRow>, { label: "Left", columns, rows: departures, id: ({ number }) => number }),
  ];
}

function agoOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
}
