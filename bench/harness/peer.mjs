import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Turns `{ port: 1, reliable: true }` into `["--port", "1", "--reliable", "1"]`. */
function toArguments(options) {
  return Object.entries(options).flatMap(([name, value]) => [
    `--${name}`,
    `${typeof value === "boolean" ? Number(value) : value}`,
  ]);
}

/** A child process that prints one JSON object a line, each with an `event`. */
export class Peer {
  #child;
  #events = [];
  #waiting = [];
  #ended = false;
  #stderr = "";

  /** `program`: the command and its first arguments. */
  constructor(program, role, options = {}) {
    const [command, ...first] = program;
    this.name = `${command.split("/").pop()} ${role}`;
    this.#child = spawn(command, [...first, role, ...toArguments(options)], { stdio: "pipe" });
    this.#child.stdin.on("error", () => {}); // It may have ended; whoever waits for an answer hears of that.
    this.#child.stderr.on("data", (chunk) => {
      this.#stderr += chunk;
    });
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#take(line));
    this.exited = new Promise((resolve) => {
      this.#child.on("error", (error) => {
        this.#stderr += error.message;
        this.#end();
        resolve(-1);
      });
      this.#child.on("close", (code) => {
        this.#end();
        resolve(code);
      });
    });
  }

  #take(line) {
    if (!line.startsWith("{")) return;
    const report = JSON.parse(line);
    const index = this.#waiting.findIndex((waiter) => waiter.event === report.event || report.event === "error");
    if (index < 0) this.#events.push(report);
    else this.#settle(this.#waiting.splice(index, 1)[0], report);
  }

  #settle(waiter, report) {
    if (report.event === "error") waiter.reject(new Error(`${this.name}: ${report.message}`));
    else waiter.resolve(report);
  }

  #end() {
    this.#ended = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#endedError());
  }

  #endedError() {
    return new Error(`${this.name} ended early: ${this.#stderr.trim() || "no message"}`);
  }

  /** The next report with this `event`; rejects when the process ends before it. */
  next(event) {
    const index = this.#events.findIndex((report) => report.event === event || report.event === "error");
    return new Promise((resolve, reject) => {
      const waiter = { event, resolve, reject };
      if (index >= 0) this.#settle(waiter, this.#events.splice(index, 1)[0]);
      else if (this.#ended) reject(this.#endedError());
      else this.#waiting.push(waiter);
    });
  }

  /** Writes a line to its standard input. */
  tell(line) {
    this.#child.stdin.write(`${line}\n`);
  }

  stop() {
    if (!this.#ended) this.#child.kill("SIGKILL");
    return this.exited;
  }
}

/** Runs `body` with a function that starts peers, and ends those that are left however it goes. */
export async function withPeers(body) {
  const peers = [];
  const start = (program, role, options) => {
    const peer = new Peer(program, role, options);
    peers.push(peer);
    return peer;
  };
  try {
    return await body(start);
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}
