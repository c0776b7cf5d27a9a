import { afterEach, describe, expect, test } from "vitest";
import { createDevelopmentCertificate } from "../../lib/socket/tls/development-certificate.js";
import { type Program, startProgram } from "../support/program.js";

const certificate = JSON.stringify(createDevelopmentCertificate());
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
  const { program: server, port } = await start(kind, "0", `${closeOnExit}`, certificate);
  const { program: client } = await start(kind, port, "true", certificate);
  await Promise.all([server.line("connected"), client.line("connected")]);
  return { server, client };
}

describe.each(["batched", "dgram", "websocket", "webtransport", "gns"])("over %s", (kind) => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "both sides hear of the other's %s, and end as they would have",
    async (signal) => {
      for (const ending of ["server", "client"] as const) {
        const both = await pair(kind);
        both[ending].child.kill(signal);
        expect(await both[ending === "server" ? "client" : "server"].line("ended")).toBe("1025 The process ended");
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

  test.each([
    ["client", "exit", 5],
    ["client", "throws", 1],
    ["server", "exit", 5],
    ["server", "throws", 1],
  ] as const)("the %s's process ends, which is no leave on purpose: %s", async (ending, order, code) => {
    const both = await pair(kind);
    both[ending].child.stdin?.write(order);
    expect(await both[ending === "server" ? "client" : "server"].line("ended")).toBe("1025 The process ended");
    expect(await both[ending].end()).toMatchObject({ code, signal: null });
  });

  test("a client that leaves right before its end says so", async () => {
    const { server, client } = await pair(kind);
    client.child.stdin?.write("disconnects");
    expect(await server.line("ended")).toBe("7 bye");
    expect(await client.end()).toMatchObject({ code: 5, signal: null });
  });

  test("a client hears of a server that exits in its own listener of SIGTERM", async () => {
    const { server, client } = await pair(kind);
    server.child.stdin?.write("listens");
    await server.line("listens");
    server.child.kill("SIGTERM");
    expect(await client.line("ended")).toBe("1025 The process ended");
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
