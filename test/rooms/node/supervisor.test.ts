import { expect, onTestFinished, test } from "vitest";
import { parentEngine, Supervisor } from "../../../lib/rooms/index.js";

const program = new URL("worker.mjs", import.meta.url);

test("processes share an engine; one that is killed is started again alone; a stop ends all", async () => {
  const supervisor = new Supervisor({ program, count: 3, restartMs: 1 });
  const log: string[] = [];
  const isRestarted = new Promise<void>((resolve) => {
    supervisor.on("started", (worker) => {
      log.push(`started ${worker}`);
      if (log.length === 5) resolve();
    });
    supervisor.on("ended", (worker, code) => void log.push(`ended ${worker} ${code}`));
  });
  supervisor.start();
  expect(() => supervisor.start()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
  const before = supervisor.pids;
  onTestFinished(() => void supervisor.stop(0));
  await isRestarted;
  expect(log).toEqual(["started 0", "started 1", "started 2", "ended 1 null", "started 1"]);
  const after = supervisor.pids;
  expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  expect(after[1]).not.toBe(before[1]);
  expect((await supervisor.stop()).every((code) => code === 7 || code === null)).toBe(true);
  expect(supervisor.pids).toEqual([null, null, null]);
  expect(() => supervisor.start()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});

test("parentEngine is for processes of a supervisor", () => {
  expect(() => parentEngine()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});
