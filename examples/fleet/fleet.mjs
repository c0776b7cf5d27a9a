// Hosts as processes: starts them, kills them, and knows what they say of themselves.
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("host.mjs", import.meta.url));

class HostProcess {
  #child;
  id = "";
  port = 0;
  webSocketPort = 0;
  rooms = [];
  players = 0;
  isAlive = true;

  constructor(child) {
    this.#child = child;
    child.on("message", (message) => {
      const { kind, ...rest } = message;
      Object.assign(this, rest);
    });
    child.once("exit", () => {
      this.isAlive = false;
      this.rooms = [];
      this.players = 0;
    });
  }

  async ready() {
    while (this.port === 0 && this.isAlive)
      await Promise.race([once(this.#child, "message"), once(this.#child, "exit")]);
    if (!this.isAlive) throw new Error("The host did not start");
  }

  get pid() {
    return this.#child.pid;
  }

  create(ids) {
    this.#child.send({ create: ids });
  }

  signal(name) {
    process.kill(this.pid, name);
  }

  /** Ends it, and waits for its end. @returns its exit code */
  async end(signal) {
    if (!this.isAlive) return this.#child.exitCode;
    const ended = once(this.#child, "exit");
    this.signal(signal);
    return (await ended)[0];
  }
}

/** The hosts of a fleet on this machine. */
export class Fleet {
  hosts = [];
  #settings;

  constructor(servers, app = "example") {
    this.#settings = JSON.stringify({ servers, app, fleetKey: randomBytes(32).toString("hex") });
  }

  get alive() {
    return this.hosts.filter(({ isAlive }) => isAlive);
  }

  /** What a host finds its fleet by. Not as an argument: everybody can read those, and the fleet key is a secret. */
  get env() {
    return { ...process.env, FLEET: this.#settings };
  }

  async add() {
    const host = new HostProcess(fork(program, [], { env: this.env, stdio: ["ignore", "inherit", "inherit", "ipc"] }));
    this.hosts.push(host);
    await host.ready();
    return host;
  }

  async close() {
    await Promise.all(this.alive.map((host) => host.end("SIGKILL")));
  }
}
