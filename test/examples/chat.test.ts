import { afterEach, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.js";

const programs: Program[] = [];

function start(name: string, ...parameters: string[]): Program {
  const program = startProgram(`../../examples/chat/${name}`, parameters);
  programs.push(program);
  return program;
}

afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

test("carries lines from each client to all, and tells who joins and leaves", async () => {
  const server = start("server", "0");
  const port = await server.line("Listening on port ");
  const ada = start("client", "Ada", "127.0.0.1", port);
  expect(await ada.line("Connecting to ")).toBe(`127.0.0.1:${port} …`);
  await ada.line("Ada joined");
  const grace = start("client", "Grace", "127.0.0.1", port);
  await Promise.all([ada.line("Grace joined"), grace.line("Grace joined")]);

  ada.child.stdin?.write("Hello, Grace\n");
  expect(await grace.line("Ada: ")).toBe("Hello, Grace");
  expect(await ada.line("Ada: ")).toBe("Hello, Grace");

  ada.child.stdin?.write(`\u001b[31m${"x".repeat(1000)}\n`);
  const cut = `Ada: \\u{1b}[31m${"x".repeat(395)}`;
  for (const program of [grace, server]) expect(await program.line(cut)).toBe("");

  grace.child.stdin?.end("Bye\n");
  expect(await ada.line("Grace: ")).toBe("Bye");
  await ada.line("Grace left");
  expect(await grace.end()).toMatchObject({ code: 0, errors: "" });

  server.child.kill("SIGINT");
  await ada.line("The server was shut down");
  expect(await ada.end()).toMatchObject({ code: 0, errors: "" });
  expect(await server.end()).toMatchObject({ code: 0, errors: "" });
});
