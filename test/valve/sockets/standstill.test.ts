import { afterEach, expect, test } from "vitest";
import { type Program, startProgram } from "../../support/program.js";

const programs: Program[] = [];
afterEach(() => {
  for (const { child } of programs.splice(0)) child.kill("SIGKILL");
});

/** The folder of an addon with GNS as it was published: `npm run test:stress` builds it. */
const unmodified = process.env.VALVE_SOCKETS_UNMODIFIED;

function start(parameters: (string | number)[], addon?: string): Program {
  const env = addon === undefined ? {} : { VALVE_SOCKETS_PREBUILD: addon };
  const program = startProgram("standstill", parameters.map(String), [], env);
  programs.push(program);
  return program;
}

/** What a receiver prints that stands still for 2.5 s while a sender goes on at 100 MiB/s: 200,000 packets. */
async function standstill(senderAddon?: string, receiverAddon?: string): Promise<string> {
  const receiver = start(["receive", 12_000, 2500], receiverAddon);
  const sender = start(["send", 12_000, 1000, await receiver.line("port ")], senderAddon);
  return Promise.race([receiver.line("received "), receiver.line("ended "), sender.line("ended ")]);
}

// GNS as it was published acknowledges with 16 bits, which mean another packet after 32,768. Then the sender forgets
// what the receiver lacks, nothing arrives any more, and both stay Connected.
test("a receiver that stands still while 65,536 packets are sent loses nothing", async () => {
  expect(await standstill()).toBe("12000 in order");
});

// GNS as it was published searches the queue of what to send again from its start for each segment. With 20,000 of them
// it spends so long on that, with its lock held, that the connection times out; more than 65,534 end the process.
test("a sender outlives 100,000 small messages to a process that is stopped", async () => {
  const receiver = start(["receive", 100_000, 0]);
  const sender = start(["send", 100_000, 4, await receiver.line("port "), "waits"]);
  await sender.line("sending");
  receiver.child.kill("SIGSTOP");
  sender.child.stdin?.write("go\n");
  await sender.line("sent");
  receiver.child.kill("SIGCONT");
  const result = Promise.race([receiver.line("received "), receiver.line("ended "), sender.line("ended ")]);
  expect(await result).toBe("100000 in order");
});

// A receiver acknowledges unreliable packets every few seconds only. It is stopped while 65,536 of them are sent, and
// acknowledges the first of those afterwards: 16 bits of it are the number of a reliable one that never arrived.
test("unreliable packets to a process that is stopped do not make later losses look like deliveries", async () => {
  const receiver = start(["receive", 200, 0, "answers"]);
  const sender = start(["flood", 200, 68_000, await receiver.line("port ")]);
  await sender.line("sending");
  receiver.child.kill("SIGSTOP");
  sender.child.stdin?.write("go\n");
  await sender.line("stuck");
  receiver.child.kill("SIGCONT");
  await sender.line("acknowledged");
  receiver.child.stdin?.write("report\n");
  expect(await receiver.line("has ")).toBe("200");
});

test.runIf(unmodified)("nothing is lost between this GNS and the published one, in both roles", async () => {
  expect(await standstill(unmodified, undefined)).toBe("12000 in order");
  expect(await standstill(undefined, unmodified)).toBe("12000 in order");
});

// 12,288 packets are sent at once and 100 a second after that, so this takes three minutes.
test.runIf(unmodified)(
  "a connection whose published peer was stopped for minutes ends with a reason",
  async () => {
    const receiver = start(["receive", 15_000, 0], unmodified);
    const sender = start(["send", 15_000, 1000, await receiver.line("port "), "far"]);
    await sender.line("sending");
    receiver.child.kill("SIGSTOP");
    sender.child.stdin?.write("go\n");
    await sender.line("far ahead");
    receiver.child.kill("SIGCONT");
    const result = Promise.race([sender.line("ended "), receiver.line("received ")]);
    expect(await result).toContain("Ambiguous ack");
  },
  600_000,
);
