import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { root } from "../support/runtimes.js";

/** A running `valve-sockets` command. */
export interface Command {
  readonly child: ChildProcess;
  /** Everything that has been printed. */
  readonly output: { stdout: string; stderr: string };
  write(line: string): void;
  /** Waits until something printed after the last match matches `pattern`. */
  waitFor(stream: "stdout" | "stderr", pattern: RegExp): Promise<string>;
  /** Waits until it prints more, or has ended. */
  next(): Promise<unknown>;
  /** Ends its input, and waits until it has ended. */
  end(input?: string): Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

export function startCommand(...args: string[]): Command {
  return startProcess(process.execPath, [join(root, "dist", "cli", "main.js"), ...args]);
}

export function startProcess(program: string, args: string[], cwd?: string): Command {
  const child = spawn(program, args, { cwd });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { stdout: "", stderr: "" };
  const taken = { stdout: 0, stderr: 0 };
  const closed = once(child, "close");
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8");
    child[name].on("data", (text: string) => {
      output[name] += text;
    });
  }
  child.stdin.on("error", () => {}); // it may end before it has read everything
  return {
    child,
    output,
    write: (line) => void child.stdin.write(`${line}\n`),
    waitFor: async (name, pattern) => {
      for (;;) {
        const match = pattern.exec(output[name].slice(taken[name]));
        if (match) {
          taken[name] += match.index + match[0].length;
          return match[0];
        }
        if (child[name].readableEnded) throw new Error(`No ${pattern} in ${JSON.stringify(output)}`);
        await Promise.race([once(child[name], "data"), closed]);
      }
    },
    next: () => Promise.race([once(child.stdout, "data"), once(child.stderr, "data"), closed]),
    end: async (input = "") => {
      child.stdin.end(input);
      const [code, signal] = await closed;
      return { code, signal, ...output };
    },
  };
}
