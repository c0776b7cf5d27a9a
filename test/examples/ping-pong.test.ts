import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.js";

const programs: Program[] = [];

function start(...parameters: string[]): Program {
  const program = startProgram("../../examples/ping-pong/main", parameters);
  programs.push(program);
  return program;
}

afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

/** The rows of the table: transport, size and count, checked to have three times that can be. */
function rowsOf(lines: string[], transport: string): string[] {
  return lines
    .map((line) => line.trim().split(/\s{2,}/))
    .filter(([name]) => name === transport)
    .map(([, size, count, ...times]) => {
      const [median, most, longest] = times.map((time) => Number.parseFloat(time)) as [number, number, number];
      expect(times.length).toBe(3);
      expect(median > 0 && median <= most && most <= longest).toBe(true);
      return `${size} ${count}`;
    });
}

const expected = ["32 B 300", "1000 B 300", "16000 B 300"];

test.each(["gns", "udp", "udp-dgram", "udp-batched", "websocket", "memory"])(
  "one command plays over %s",
  async (transport) => {
    const { code, lines, errors } = await start(transport).end();
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(rowsOf(lines, transport)).toEqual(expected);
  },
);

describe.each(["gns", "udp-dgram", "udp-batched", "websocket"])("over %s", (transport) => {
  test("a server and two clients play in processes of their own, and the server is shut down", async () => {
    const server = start(transport, "server");
    const port = await server.line("Listening on port ");
    const clients = [start(transport, "client", port), start(transport, "client", port)];
    for (const client of clients) {
      const { code, lines, errors } = await client.end();
      expect({ code, errors }).toEqual({ code: 0, errors: "" });
      expect(rowsOf(lines, transport)).toEqual(expected);
    }
    server.child.kill("SIGINT");
    expect(await server.end()).toMatchObject({ code: 0, errors: "" });
  });
});

test("only one file knows the transports, and nothing comes from inside of the package", () => {
  const folder = fileURLToPath(new URL("../../examples/ping-pong/", import.meta.url));
  const imports = readdirSync(folder).map((name) => {
    const source = readFileSync(folder + name, "utf8");
    return [name, [...source.matchAll(/from "([^"]+)"/g)].map((match) => match[1] as string)] as const;
  });
  const known = /^(\.\/[\w-]+\.mjs|node:[\w/]+|valve-sockets\/.+)$/;
  expect(imports.flatMap(([, from]) => from).filter((from) => !known.test(from))).toEqual([]);
  const withSockets = imports.filter(([, from]) => from.some((one) => one.startsWith("valve-sockets/socket")));
  expect(withSockets.map(([name]) => name)).toEqual(["transports.mjs"]);
});
