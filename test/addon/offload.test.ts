import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkoutCache } from "../../scripts/paths.mjs";

// test/native/offload_errors.cc defines the system calls, so that they fail as real ones seldom do.
const program = join(checkoutCache("cmake"), "test", "native", "offload-errors");
const model = join(checkoutCache("cmake"), "test", "native", "offload-model");

// What it tests is on, whatever the variable turns off for the other tests.
const options = { encoding: "utf8", env: { ...process.env, VALVE_SOCKETS_WITHOUT: undefined } } as const;

describe.runIf(process.platform === "linux")("batches of UDP system calls", () => {
  const names = process.platform === "linux" ? spawnSync(program, options).stdout.trim().split("\n") : [];

  test("the program has all cases", () => expect(names).toHaveLength(19));

  test.each(names)("%s", (name) => {
    expect(execFileSync(program, [name], options)).toBe("");
  });

  test.each(["gso", "gsoo,xgso, batches"])("VALVE_SOCKETS_WITHOUT=%s turns off what it names whole", (words) => {
    const env = { ...process.env, VALVE_SOCKETS_WITHOUT: words };
    const { status } = spawnSync(program, ["a run ends with a shorter one"], { env });
    expect(status === 0).toBe(words !== "gso");
  });

  // test/native/offload_model.cc has the calls take a part, refuse and fail in any order.
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "whatever the calls do, nothing is lost unsaid, twice or out of order (%i)",
    (seed) => {
      expect(execFileSync(model, [String(seed)], options)).toBe("");
    },
  );
});
