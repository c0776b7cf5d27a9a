import { describe, expect, test } from "vitest";
import { drivers } from "../support/peer.js";
import { startProgram } from "../support/program.js";

/** `npm run test:stress`: takes minutes. */
const IS_STRESS = process.env.VALVE_SOCKETS_STRESS === "1";

function median(numbers: number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;
}

/** Runs the program and compares the readings after the warm-up, first half and second. */
async function expectFlat(parameters: string[], warmUp: number): Promise<void> {
  const { code, signal, lines, errors } = await startProgram("open-and-close", parameters, ["--expose-gc"]).end();
  expect({ code, signal, errors, last: lines.at(-1) }).toEqual({ code: 0, signal: null, errors: "", last: "left 0" });
  const sizes = lines.flatMap((line) => (line.startsWith("resident ") ? Number(line.slice(9)) : []));
  const measured = sizes.slice(warmUp);
  const half = measured.length >> 1;
  expect(half).toBeGreaterThan(3);
  expect(median(measured.slice(-half)) / median(measured.slice(0, half)), sizes.join(" ")).toBeLessThan(1.05);
}

describe.each(drivers)("driver %s", (driver) => {
  test(
    "memory stays the same over 10,000 connections",
    () => expectFlat([driver, "10000", "12", "restarts"], 4),
    120_000,
  );

  test.runIf(IS_STRESS)(
    "memory stays the same over 100,000 connections",
    // The first 20,000 fill what GNS keeps of closed connections.
    () => expectFlat([driver, "100000", "20"], 4),
    600_000,
  );
});
