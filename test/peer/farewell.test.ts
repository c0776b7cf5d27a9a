import { afterEach, describe, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.js";

const programs: Program[] = [];
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

async function start(...parameters: string[]) {
  const program = startProgram("farewell", parameters);
  programs.push(program);
  return { program, port: await program.line("ready") };
}

async function pair(kind: string, closeOnExit = true) {
  const { program: server, port } = await start(kind, "0", `${closeOnExit}`);
  const { program: client } = await start(kind, port);
  await Promise.all([server.line("connected"), client.line("connected")]);
  return { server, client };
}

describe.each(["batched", "dgram", "websocket", "gns"])("over %s", (kind) => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "both sides hear of the other's %s, and end as they would have",
    async (signal) => {
      for (const [ending, end] of [
        ["server", "1024 The process ended"],
        ["client", "0 The process ended"],
      ] as const) {
        const both = await pair(kind);
        both[ending].child.kill(signal);
        expect(await both[ending === "server" ? "client" : "server"].line("ended")).toBe(end);
        expect(await both[ending].end()).toMatchObject({ code: null, signal });
      }
    },
  );

  test("an exit right after disconnect keeps its reason", async () => {
    const { server, client } = await pair(kind);
    server.child.stdin?.write("disconnects");
    expect(await client.line("ended")).toBe("7 bye");
    expect(await server.end()).toMatchObject({ code: 5, signal: null });
  });

  test("a server hears that the client's process exits", async () => {
    const { server, client } = await pair(kind);
    client.child.stdin?.write("exit");
    expect(await server.line("ended")).toBe("0 The process ended");
    expect(await client.end()).toMatchObject({ code: 5, signal: null });
  });

  test.each([
    ["exit", 5],
    ["throws", 1],
  ])("a client hears of the end of the server's process: %s", async (order, code) => {
    const { server, client } = await pair(kind);
    server.child.stdin?.write(order);
    expect(await client.line("ended")).toBe("1024 The process ended");
    expect(await server.end()).toMatchObject({ code, signal: null });
  });

  test("a client hears of a server that exits in its own listener of SIGTERM", async () => {
    const { server, client } = await pair(kind);
    server.child.stdin?.write("listens");
    await server.line("listens");
    server.child.kill("SIGTERM");
    expect(await client.line("ended")).toBe("1024 The process ended");
    expect(await server.end()).toMatchObject({ code: 6, signal: null });
  });
});

test("with closeOnExit false nobody is told", async () => {
  const { server, client } = await pair("batched", false);
  server.child.kill("SIGINT");
  await server.end();
  client.child.stdin?.write("look");
  await client.line("looked");
  client.child.kill("SIGTERM");
  expect((await client.end()).lines.filter((line) => line.startsWith("ended"))).toEqual([]);
});
