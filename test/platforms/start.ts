import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { PlatformRuntime } from "./runtimes.js";

/** A running program. */
export interface Started {
  /** Waits for a line that starts with `start`, and returns its words. */
  line(start: string): Promise<string[]>;
  /** Waits for the end of the process; `afterMs` counts from the line "ends". */
  end(): Promise<{ code: number | null; lines: string[]; afterMs: number }>;
}

/** A limit for hangs, counted from the start. Emulators start slowly. */
const LIMIT_MS = 120_000;

let files = 0;

/** Starts a program in `folder`. Its output goes through a file: under wine, Node cannot write to a pipe. */
export async function start(
  runtime: PlatformRuntime,
  folder: string,
  program: string,
  ...args: string[]
): Promise<Started> {
  const [command = "", ...options] = await runtime.command();
  const output = join(folder, `output-${files++}`);
  const descriptor = openSync(output, "w");
  const { LIBC: _, ...environment } = process.env;
  const child = spawn(command, [...options, program, ...args], {
    cwd: folder,
    env: { ...environment, ...runtime.env },
    stdio: [openSync("/dev/null", "r"), descriptor, descriptor],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  closeSync(descriptor);
  const read = () => readFileSync(output, "utf8").split(/\r?\n/);
  const ended = new Promise<{ code: number | null; at: number }>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve({ code, at: Date.now() }));
  });
  return {
    line: (begin) =>
      new Promise((resolve, reject) => {
        const watcher = watch(output);
        const check = () => {
          const found = read().find((line) => line.startsWith(begin));
          if (found === undefined) return false;
          watcher.close();
          resolve(found.split(" "));
          return true;
        };
        watcher.on("change", check);
        ended.then(() => check() || reject(new Error(`ended without "${begin}": ${read().join("\n")}`)), reject);
        check();
      }),
    async end() {
      const { code, at } = await ended;
      const lines = read();
      const last = lines.find((line) => line.startsWith("ends "));
      return { code, lines, afterMs: last ? at - Number(last.split(" ")[1]) : Number.NaN };
    },
  };
}
