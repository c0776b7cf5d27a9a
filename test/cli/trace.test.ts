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
  expect(await startCommand("trace", file).end()).toMatchObject({ code: 1, stdout: "" });
});
