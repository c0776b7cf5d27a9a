import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startProgram } from "../support/program.js";

const loader = ["--import", fileURLToPath(new URL("../programs/typescript.mjs", import.meta.url))];

/** Starts the program, raises `signals` one after the other, each after the line before it, and waits for its end. */
async function endOf(way: string, signals: [NodeJS.Signals, string?][] = []) {
  const program = startProgram("exits", [way], loader);
  await program.line("ready");
  for (const [signal, answer] of signals) {
    program.child.kill(signal);
    if (answer) await program.line(answer);
  }
  const { code, signal, lines } = await program.end();
  return { code, signal, farewells: lines.filter((line) => line !== "ready") };
}

test.concurrent.each(["SIGTERM", "SIGINT"] as const)(
  "%s ends the process as without us, after the farewell",
  async (signal) => {
    expect(await endOf("signal", [[signal]])).toEqual({ code: null, signal, farewells: ["farewell", "closed"] });
  },
);

test.concurrent.each([
  ["exit", 7],
  ["throws", 1],
  ["natural", 0],
])("farewell is said once, and before anything closes: %s", async (way, code) => {
  expect(await endOf(way)).toEqual({ code, signal: null, farewells: ["farewell", "closed"] });
});

test.concurrent("the program's own listener decides, every time", async () => {
  const end = await endOf("own", [["SIGTERM", "own 1"], ["SIGTERM"]]);
  expect(end).toEqual({ code: 3, signal: null, farewells: ["own 1", "own 2", "farewell", "closed"] });
});

test.concurrent("a listener for one time decides too", async () => {
  expect(await endOf("once", [["SIGTERM"]])).toEqual({ code: 4, signal: null, farewells: ["farewell", "closed"] });
});

test.concurrent("a listener that ends the process if nobody else listens does so", async () => {
  expect(await endOf("polite", [["SIGTERM"]])).toEqual({ code: null, signal: "SIGTERM", farewells: [] });
});

test.concurrent("a listener for one time that does not end the process leaves the next signal to us", async () => {
  const end = await endOf("first", [["SIGTERM", "own 1"], ["SIGTERM"]]);
  expect(end).toEqual({ code: null, signal: "SIGTERM", farewells: ["own 1", "farewell", "closed"] });
});

test.concurrent("farewell comes before what the program does at its exit", async () => {
  const farewells = ["farewell", "closed", "program's exit"];
  expect(await endOf("exits")).toEqual({ code: 7, signal: null, farewells });
});

test.concurrent("a listener for one time that is older than ours decides too", async () => {
  expect(await endOf("older", [["SIGTERM"]])).toEqual({ code: 6, signal: null, farewells: ["farewell", "closed"] });
});

test.concurrent("nothing is called at the exit when there is nobody to tell", async () => {
  expect(await endOf("forgets")).toEqual({ code: 0, signal: null, farewells: ["exit 0"] });
});

test.concurrent("one listener is left when the program's listener of a signal has ended everything", async () => {
  expect(await endOf("forgetsInside", [["SIGTERM"]])).toEqual({ code: 8, signal: null, farewells: ["SIGTERM 1"] });
});

test.concurrent("a signal that was under way when everybody went ends the process", async () => {
  expect(await endOf("forgetsUnderWay")).toEqual({ code: null, signal: "SIGTERM", farewells: [] });
});
