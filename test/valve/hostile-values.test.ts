import { describe, expect, test } from "vitest";
import { NativeDriver } from "../../lib/addon/native.js";
import { startProgram } from "../support/program.js";

interface Report {
  calls: number;
  threw: number;
  wrong: string[];
}

async function report<T extends Report>(name: string, parameters: string[] = []): Promise<T> {
  const { code, signal, lines, errors } = await startProgram(name, parameters).end();
  expect({ code, signal, errors, last: lines.at(-1)?.slice(0, 60) }).toMatchObject({
    code: 0,
    signal: null,
    errors: "",
  });
  return JSON.parse(lines.at(-1)?.replace("report ", "") ?? "{}");
}

describe.each(["Hybrid", "Thread"] as const)("driver %s", (driver) => {
  test("every function of the addon survives hostile values, and harms no other owner", async () => {
    const parameters = [String(NativeDriver[driver])];
    const result = await report<Report & { unknown: string[]; missing: string[]; foreignHarmed: string[] }>(
      "hostile-native",
      parameters,
    );
    // A function that the program does not know yet needs a call of its own there.
    expect(result.unknown).toEqual([]);
    expect(result.missing).toEqual([]);
    expect(result.foreignHarmed).toEqual([]);
    expect(result.wrong).toEqual([]);
    expect(result.calls).toBeGreaterThan(50_000);
    expect(result.threw).toBeLessThan(result.calls);
  });
});

test("every public method survives hostile values", async () => {
  const result = await report<Report & { methods: number; harmed: string[] }>("hostile-api");
  expect(result.harmed).toEqual([]);
  expect(result.wrong).toEqual([]);
  expect(result.methods).toBeGreaterThan(60);
  expect(result.calls).toBeGreaterThan(50_000);
});
