import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A program of `test/programs/` in its own process. */
export interface Program {
  child: ChildProcess;
  /** Waits for a line of its output that starts with `start`, and returns the rest of it. */
  line(start: string): Promise<string>;
  /** Waits until it has ended. */
  end(): Promise<{ code: number | null; signal: NodeJS.Signals | null; lines: string[]; errors: string }>;
}

export function startProgram(
  name: string,
  parameters: string[] = [],
  nodeOptions: string[] = [],
  env: NodeJS.ProcessEnv = {},
): Program {
  const path = fileURLToPath(new URL(`../programs/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, path, ...parameters], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  const lines: string[] = [];
  let rest = "";
  let errors = "";
  let isOver = false;
  let waiting: (() => void)[] = [];
  const wake = () => {
    const checks = waiting;
    waiting = [];
    for (const check of checks) check();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  child.on("close", () => {
    isOver = true;
    wake();
  });
  return {
    child,
    line: (start) =>
      new Promise((resolve, reject) => {
        const check = () => {
          const found = lines.find((line) => line.startsWith(start));
          if (found !== undefined) resolve(found.slice(start.length).trim());
          else if (isOver) reject(new Error(`${name} ended without "${start}": ${lines.join("\n")}\n${errors}`));
          else waiting.push(check);
        };
        check();
      }),
    end: () =>
      new Promise((resolve) => {
        const check = () => {
          if (!isOver) waiting.push(check);
          else resolve({ code: child.exitCode, signal: child.signalCode, lines, errors });
        };
        check();
      }),
  };
}
