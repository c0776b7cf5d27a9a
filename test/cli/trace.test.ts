import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { defineMessage, defineProtocol, NetworkClient, NetworkServer } from "../../lib/message/index.js";
import { TraceReader } from "../../lib/message/trace-reader.js";
import { string } from "../../lib/serialization/index.js";
import { UdpSocketFactory } from "../../lib/socket/udp.js";
import { temporaryFolder } from "../support/packed.js";
import { startCommand } from "./command.js";

const Chat = defineMessage("chat", string(100));

/** The trace of a server with two clients, of which one left with a text that no terminal should see. */
async function trace(): Promise<string[]> {
  const protocol = defineProtocol({ name: "traced", version: 1, messages: [Chat] });
  const lines: string[] = [];
  const server = new NetworkServer({
    ...{ protocol, socketFactory: new UdpSocketFactory({ port: 0 }), trace: (line: string) => void lines.push(line) },
  });
  server.messageHandler.register(Chat, (text, player) => void player.send(Chat, text));
  await server.start();
  const address = { host: "127.0.0.1", port: server.boundPort ?? 0 };
  const clients = [1, 2].map(() => new NetworkClient({ protocol, socketFactory: new UdpSocketFactory(address) }));
  for (const client of clients) {
    await client.connect();
    client.send(Chat, "hi");
    await client.messageHandler.waitFor(Chat);
  }
  const left = new Promise((resolve) => server.on("disconnected", resolve));
  await clients[0]?.disconnect({ code: 7, text: "\u001b[31mbye" });
  await left;
  await server.stop();
  await clients[1]?.disconnect();
  return lines;
}

test("a trace is told connection by connection, and event by event", async () => {
  const lines = await trace();
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(folder, "trace.jsonl");
  writeFileSync(file, `${lines.join("\n")}\n{"time":1`);
  const reader = new TraceReader();
  for (const line of lines) reader.read(line);
  const [first, second] = reader.connections;
  expect(first).toMatchObject({ player: 1, packetsLost: 0, end: "7 \u001b[31mbye" });
  expect(second).toMatchObject({ player: 2, end: expect.stringMatching(/^ServerStopped/) });
  expect([first?.packetsSent, second?.packetsSent].every((count) => count !== undefined && count > 0)).toBe(true);
  expect(reader.unread).toBe(0);

  const table = await startCommand("trace", file).end();
  expect(table).toMatchObject({ code: 0, stderr: "1 lines are none of a trace\n" });
  expect(table.stdout).toContain("7 \\u{1b}[31mbye");
  expect(table.stdout).not.toContain("\u001b");
  expect(table.stdout.split("\n")).toHaveLength(4);
  const json = await startCommand("trace", file, "--json", "--connection", first?.name ?? "").end();
  expect(JSON.parse(json.stdout)).toEqual(first);
  const nobody = await startCommand("trace", file, "--json", "--connection", "nobody").end();
  expect(nobody).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("no connection nobody\n") });
  const events = await startCommand("trace", file, "--events").end();
  expect(events.stdout.match(/connectivity:connection_started/g)).toHaveLength(2);
  expect(events.stdout).not.toContain("\u001b");
});

test("what is no trace is told", async () => {
  const missing = await startCommand("trace", "/nonexistent").end();
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("ENOENT") });
  expect(await startCommand("trace").end()).toMatchObject({ code: 2 });
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(folder, "no-trace");
  writeFileSync(file, 'null\n[]\n{"time":"now"}\n');
  for (const options of [[], ["--events"], ["--json"]]) {
    expect(await startCommand("trace", file, ...options).end()).toMatchObject({ code: 1, stdout: "" });
  }
});

const event = (data: string, time = "1", name = "connectivity:connection_started") =>
  `{"time":${time},"source":"server-1","name":"${name}","data":${data}}`;

const nested = (depth: number) => `${"[".repeat(depth)}1${"]".repeat(depth)}`;

test("a damaged or hostile line spoils none of the others", async () => {
  const long = "x".repeat(100_000);
  const lines = [
    event('{"id":1}', "1e999"),
    event('{"id":2,"address":"a:1"}', "1000"),
    event(`{"id":${nested(100_000)}}`),
    event(`{"id":2,"more":${nested(1000)}}`),
    event('{"id":2,"smoothed_rtt":1e999,"packetsSent":1e999,"packetsLost":1e999}', "2000", "recovery:metrics_updated"),
    event('{"id":2,"player":1e999}', "3000", "connectivity:connection_state_updated"),
    event(`{"id":"${long}","address":"${long}"}`, "4000"),
    event(`{"id":2,"code":7,"reason":"${long}"}`, "5000", "connectivity:connection_closed"),
  ];
  const { folder, remove } = temporaryFolder();
  onTestFinished(remove);
  const file = join(folder, "hostile.jsonl");
  writeFileSync(file, lines.join("\n"));
  const { code, stdout, stderr } = await startCommand("trace", file, "--json").end();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "3 lines are none of a trace\n" });
  expect(stdout.length).toBeLessThan(2000);
  const [two, other] = stdout.split("\n").map((line) => line && JSON.parse(line));
  expect(two).toMatchObject({ name: "server-1/2", address: "a:1", startMs: 0, endMs: 4000, player: null });
  expect(two).toMatchObject({ longestRoundTripMs: 0, packetsSent: 0, end: "7 (100000 characters)" });
  expect(other).toMatchObject({ name: "server-1/(100000 characters)", address: "(100000 characters)" });
  const table = await startCommand("trace", file).end();
  expect(table.stdout).not.toMatch(/NaN|Infinity|null/);
  const events = await startCommand("trace", file, "--events").end();
  expect(events).toMatchObject({ code: 0, stderr: "" });
  expect(events.stdout.trim().split("\n")).toHaveLength(5);
});

test("of more connections than it may keep it says how many are left out", () => {
  const reader = new TraceReader(3);
  for (let id = 1; id <= 10; id++) reader.read(event(`{"id":${id}}`));
  expect(reader.read(event('{"id":10,"player":5}', "2", "connectivity:connection_state_updated"))).not.toBe(null);
  expect(reader.connections.map(({ name }) => name)).toEqual(["server-1/1", "server-1/2", "server-1/3"]);
  expect([reader.leftOut, reader.unread]).toEqual([7, 0]);
  reader.read(event('{"id":3,"address":"again"}'));
  expect([reader.connections[2]?.address, reader.leftOut]).toEqual(["again", 7]);
});
