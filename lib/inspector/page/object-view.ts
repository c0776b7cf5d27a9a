import { type ComponentChildren, h } from "preact";
import type { ObjectRow, ObjectsSnapshot } from "../snapshot.js";
import { formatBytes, formatCount } from "./format.js";
import { type Column, Table } from "./table.js";
import { figuresOf, plot, type ViewProps } from "./views.js";
import { worldMaps } from "./world-map.js";

export function objectsView({
  history,
  snapshot,
  chosenObject: chosen,
  chooseObject: choose,
}: ViewProps): ComponentChildren {
  const { objects, timeMs } = snapshot;
  if (!objects) return h("p", {}, "The inspector was given no objects: inspect(server, { objects: manager }).");
  const columns: Column<ObjectRow>[] = [
    { title: "Object", width: "110px", cell: ({ netId }) => nameOf(netId) },
    { title: "Prefab", width: "140px", cell: ({ prefab }) => prefab, key: ({ prefab }) => prefab },
    { title: "Owner", width: "80px", cell: ({ owner }) => owner ?? "–", key: ({ owner }) => owner ?? 0 },
    { title: "Seen by", width: "80px", cell: (row) => row.observerCount, key: (row) => row.observerCount },
    {
      title: "Last change",
      width: "110px",
      cell: ({ changedMs }) => (changedMs === null ? "–" : `${((timeMs - changedMs) / 1000).toFixed(1)} s ago`),
      key: ({ changedMs }) => changedMs ?? 0,
    },
    {
      title: "Sent",
      width: "100px",
      cell: (row) => rateOf(history.objectRateOf(row)),
      key: (row) => history.objectRateOf(row) ?? 0,
    },
    { title: "State", width: "minmax(260px, 1fr)", cell: ({ members }) => stateOf(members) },
  ];
  const one = objects.objects.find(({ netId }) => netId === chosen) ?? null;
  return [
    objects.client && clientPlots(history, objects.client),
    h("p", { class: "quiet" }, `${formatCount(objects.count)} objects, of which ${objects.objects.length} are listed`),
    h("div", { class: "plots" }, [...worldMaps(objects, one), one && treeOf(one)]),
    h(Table<ObjectRow>, {
      ...{ label: "Objects", columns, rows: objects.objects, id: ({ netId }: ObjectRow) => netId, chosen },
      onChoose: ({ netId }: ObjectRow) => choose(netId === chosen ? null : netId),
    }),
  ];
}

const rateOf = (bytes: number | null) => (bytes === null ? "–" : `${formatBytes(bytes)}/s`);

const nameOf = (netId: number) => netId.toString(16).padStart(8, "0");

function clientPlots(history: ViewProps["history"], client: NonNullable<ObjectsSnapshot["client"]>) {
  const { corrections } = client;
  return h("div", { class: "plots" }, [
    plot(
      "Shown later than it came",
      "ms",
      ["delay"],
      history.levels(({ objects }) => (objects?.client ? [objects.client.shownDelayMs] : null)),
    ),
    plot(
      `Wrong predictions, ${formatCount(corrections)} in all`,
      "",
      ["corrections"],
      history.levels(({ objects }) => (objects?.client ? [objects.client.corrections] : null)),
    ),
  ]);
}

/** One object: its behaviours, and their members. */
function treeOf({ netId, prefab, owner, observers, observerCount, members }: ObjectRow): ComponentChildren {
  const others = observerCount > observers.length ? `, and ${observerCount - observers.length} others` : "";
  return h("div", { class: "why", role: "region", "aria-label": `Object ${nameOf(netId)}` }, [
    h("h2", {}, `${prefab} ${nameOf(netId)}`),
    h("p", {}, `Owner: ${owner ?? "nobody"}. Seen by: ${observers.join(", ") || "nobody"}${others}.`),
    ...Object.entries(members).map(([name, values]) =>
      h("details", { key: name, open: true }, [h("summary", {}, name), figuresOf(values)]),
    ),
  ]);
}

const stateOf = (members: ObjectRow["members"]) =>
  Object.entries(members)
    .map(([behaviour, values]) => {
      const text = Object.entries(values).map(([name, value]) => `${name} ${value}`);
      return text.length === 0 ? behaviour : `${behaviour}: ${text.join(", ")}`;
    })
    .join("; ");
