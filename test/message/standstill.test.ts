import { afterEach, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.js";

const programs: Program[] = [];
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

function start(...parameters: string[]): Program {
  const program = startProgram("network-standstill", parameters);
  programs.push(program);
  return program;
}

// GNS as it was published sends 200,000 packets in that time, forgets what the server lacks, and both stay connected.
test("a NetworkServer over GNS that is stopped while a client sends loses nothing", async () => {
  const server = start("30000");
  const client = start("30000", "2500", await server.line("port "));
  await server.line("begun");
  server.child.kill("SIGSTOP");
  await client.line("waited");
  server.child.kill("SIGCONT");
  const result = Promise.race([server.line("received "), server.line("ended "), client.line("ended ")]);
  expect(await result).toBe("30000 in order");
});
