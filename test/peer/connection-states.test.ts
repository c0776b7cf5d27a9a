import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConnectionPhase, PHASES } from "../../lib/peer/connection/connection-phases.js";
import { ConnectionTimer } from "../../lib/peer/connection/connection-timers.js";
import type { PeerConnection } from "../../lib/peer/connection/peer-connection.js";
import { PeerConnectionState } from "../../lib/peer/index.js";
import { DisconnectCode } from "../../lib/socket/index.js";
import { PeerWorld, text } from "../support/peer-world.js";

const page = readFileSync(new URL("../../docs/connection-states.md", import.meta.url), "utf8");
const arrows = [...page.matchAll(/^ {4}(\S+) --> (\S+): (.+)$/gm)].map(([, from, to]) => `${from} -> ${to}`);
const rows = (title: string) => {
  const table = page.slice(page.indexOf(`| ${title} |`)).split("\n\n")[0] as string;
  return table
    .split("\n")
    .slice(2)
    .map((line) => line.split("|").map((cell) => cell.trim()));
};
const phases = Object.values(ConnectionPhase).filter((phase) => typeof phase === "number") as ConnectionPhase[];

describe("docs/connection-states.md has what the code has", () => {
  test("transitions", () => {
    const allowed = phases.flatMap((from) =>
      PHASES[from].next.map((to) => `${ConnectionPhase[from]} -> ${ConnectionPhase[to]}`),
    );
    const inner = arrows.filter((arrow) => !arrow.includes("[*]"));
    expect(inner.toSorted()).toEqual(allowed.toSorted());
    expect(arrows.filter((arrow) => arrow.includes("[*]"))).toEqual([
      "[*] -> Handshaking",
      "[*] -> Connected",
      "Closed -> [*]",
    ]);
  });

  test("states and timers of each phase", () => {
    const documented = rows("phase").map(([, phase, state, timers]) => ({ phase, state, timers }));
    expect(documented).toEqual(
      phases.map((phase) => ({
        phase: ConnectionPhase[phase],
        state: PeerConnectionState[PHASES[phase].state],
        timers: PHASES[phase].timers.map((timer) => ConnectionTimer[timer]).join(", "),
      })),
    );
  });

  test("timers", () => {
    const timers = Object.values(ConnectionTimer).filter((timer) => typeof timer === "string");
    expect(rows("timer").map(([, timer]) => timer)).toEqual(timers);
  });
});

async function connected() {
  const { world, client } = await PeerWorld.connected();
  return { world, client, server: world.serverHandler.connected[0] as PeerConnection };
}

describe("a connection that has ended", () => {
  test("is Disconnecting until the other side knows, then Disconnected", async () => {
    const { world, client, server } = await connected();
    client.send(text("last words"));
    const closed = client.close({ code: 7, text: "bye" });
    expect(client.state).toBe(PeerConnectionState.Disconnecting);
    await world.run(200);
    expect(world.serverHandler.texts).toEqual(["last words"]);
    expect([client.state, server.state]).toEqual([PeerConnectionState.Disconnected, PeerConnectionState.Disconnected]);
    expect([await closed, server.reason]).toEqual([
      { code: 7, text: "bye" },
      { code: 7, text: "bye" },
    ]);
  });

  test("keeps its first reason, and resolves `closed` when the same client connects anew", async () => {
    const { world, server } = await connected();
    world.isCut = true;
    const closed = server.close({ code: 1, text: "kicked" });
    server.disconnect({ code: 2, text: "again" });
    await world.run(100);
    expect(server.state).toBe(PeerConnectionState.Disconnecting);
    server.replaced();
    expect(await closed).toEqual({ code: 1, text: "kicked" });
    expect(server.state).toBe(PeerConnectionState.Disconnected);
    expect(world.serverHandler.disconnected).toEqual([{ code: 1, text: "kicked" }]);
  });

  test("fails once: what comes afterwards is ignored", async () => {
    const { world, client, server } = await connected();
    const closed: number[] = [];
    void server.closed.then(({ code }) => closed.push(code));
    server.malformed("first");
    server.tampered("");
    server.disconnect();
    world.serverSocket.flush();
    await world.run(100);
    expect(closed).toEqual([DisconnectCode.InvalidPacket]);
    expect(client.reason).toEqual({ code: DisconnectCode.InvalidPacket, text: "first" });
    expect(world.serverHandler.disconnected).toHaveLength(1);
  });
});
