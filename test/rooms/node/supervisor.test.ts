import { ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test, vi } from "vitest";
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
  const kill = vi.spyOn(ChildProcess.prototype, "kill");
  onTestFinished(() => kill.mockRestore());
  const stops = await Promise.all([supervisor.stop(), supervisor.stop()]);
  expect(stops.flat().every((code) => code === 7 || code === null)).toBe(true);
  // A second SIGTERM would end a drain.
  expect(kill.mock.calls.length).toBeLessThanOrEqual(3);
  expect(supervisor.pids).toEqual([null, null, null]);
  expect(() => supervisor.start()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});

test("processes whose supervisor is killed end: those with drainOnSignal are drained first", async () => {
  const parent = spawn(process.execPath, [new URL("orphans.mjs", import.meta.url).pathname], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  onTestFinished(() => {
    for (const [, pid] of text.matchAll(/ready (\d+)/g)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // As it should be: it has ended.
      }
    }
  });
  await new Promise<void>((resolve) => {
    parent.stdout.on("data", (data) => {
      text += data;
      if (text.match(/ready \d+\n/g)?.length === 3) resolve();
    });
  });
  parent.kill("SIGKILL");
  // The pipe ends when all who can write into it have ended.
  await once(parent.stdout, "end");
  expect(text).toContain("drained 0\n");
});

test("parentEngine is for processes of a supervisor", () => {
  expect(() => parentEngine()).toThrow(expect.objectContaining({ code: "ERR_STATE" }));
});
