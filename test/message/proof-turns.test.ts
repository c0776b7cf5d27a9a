import { expect, test } from "vitest";
import { ProofTurns } from "../../lib/message/proof-turns.js";

test("one attempt at a time may prove the session; the next one that waits may when it has failed", async () => {
  const turns = new ProofTurns<string>();
  const log: string[] = [];
  const take = (name: string) => {
    const turn = turns.take(name);
    if (turn) void turn.then(() => log.push(name));
    else log.push(name);
  };
  const release = async (name: string) => {
    turns.release(name);
    await Promise.resolve();
    log.push(`-${name}`);
  };
  for (const name of ["a", "b", "c", "d"]) take(name);
  await release("c");
  await release("a");
  await release("a");
  await release("b");
  take("e");
  await release("d");
  await release("e");
  take("f");
  expect(log).toEqual(["a", "-c", "b", "-a", "-a", "d", "-b", "e", "-d", "-e", "f"]);
});
