import { afterEach, describe, expect, test } from "vitest";
import { type Program, startProgram } from "../support/program.js";

/** `npm run test:stress`: all of them. */
const IS_STRESS = process.env.VALVE_SOCKETS_STRESS !== undefined;
const LAYERS = [
  ["direct", "gns"],
  ["peer", "gns"],
  ["peer", "noise"],
  ["server", "gns"],
  ["server", "noise"],
] as const;
const MIB_PER_SECOND = [8, 20, 50, 100];
const STOPPED_MS = [2000, 5000, 9000, 30_000];

const programs: Program[] = [];
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

function start(...parameters: (string | number)[]): Program {
  const program = startProgram("stopped-receiver", parameters.map(String));
  programs.push(program);
  return program;
}

/** What becomes of `count` messages to a process that is stopped: "delivered", or how both sides' connection ends. */
async function standStill(layer: string, security: string, rate: number, count: number, ms: number): Promise<string> {
  const receiver = start(layer, security, rate, count);
  const sender = start(layer, security, rate, count, await receiver.line("port "));
  await receiver.line("begun");
  receiver.child.kill("SIGSTOP");
  sender.child.stdin?.write(`${ms}\n`);
  await sender.line("waited");
  receiver.child.kill("SIGCONT");
  const delivered = receiver.line("received ").then((text) => {
    expect(text).toBe(`${count} in order`);
    return "delivered";
  });
  const ended = Promise.all([receiver.line("ended "), sender.line("ended ")]).then(
    ([atReceiver, atSender]) => `ended: ${atReceiver}; ${atSender}`,
  );
  return Promise.race([delivered, ended]);
}

// GNS as it was published sends 200,000 packets in that time, forgets what the server lacks, and both stay connected.
test("a NetworkServer over GNS that is stopped while a client sends loses nothing", async () => {
  expect(await standStill("server", "gns", 100, 30_000, 2500)).toBe("delivered");
});

describe.runIf(IS_STRESS)("a receiver over GNS that is stopped, and goes on,", () => {
  test.each(
    LAYERS.flatMap(([layer, security]) =>
      MIB_PER_SECOND.flatMap((rate) => STOPPED_MS.map((ms) => [layer, security, rate, ms] as const)),
    ),
  )(
    "%s, %s, %i MiB/s, %i ms: gets everything, or both sides learn that the connection has ended",
    async (layer, security, rate, ms) => {
      const outcome = await standStill(layer, security, rate, 60_000, ms);
      console.log(`${layer}, ${security}, ${rate} MiB/s, ${ms} ms: ${outcome}`);
      // GNS gives up after 10 s.
      if (ms < 9000) expect(outcome).toBe("delivered");
      else expect(outcome).toMatch(/^(delivered|ended: [1-9]\d* .*; [1-9]\d* .*)$/);
    },
    180_000,
  );
});
